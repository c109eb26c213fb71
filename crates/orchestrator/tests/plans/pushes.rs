//! Which images are pushed.

use wharf_compose::Project;
use wharf_compose::model::{Build, Service};
use wharf_orchestrator::plan::{self, ImageOptions, Only, PushOptions};

use super::{nothing, shop};

/// web is built with a further tag; worker is built and has no name; cache is built as web is, and web depends on db.
fn built() -> Project {
    let mut project = shop();
    let build = Build { context: "/src".into(), tags: vec!["shop/web:stable".into()], ..Build::default() };
    project.services.get_mut("web").unwrap().build = Some(build.clone());
    let nameless = Service { build: Some(build.clone()), image: None, ..project.services["db"].clone() };
    project.services.insert("worker".into(), nameless);
    let cache = Service { build: Some(build), image: Some("shop/web".into()), ..Service::default() };
    project.services.insert("cache".into(), cache);
    project
}

#[test]
fn what_is_built_and_has_a_name_is_pushed_once_with_its_tags() {
    let pushed = |options: PushOptions| plan::push(&built(), &options).unwrap().to_string();
    insta::assert_snapshot!(pushed(PushOptions::default()), @r"
    1. push image shop/web         asked for
    2. push image shop/web:stable  asked for
    ");
    let db = PushOptions { services: vec!["db".into()], ..PushOptions::default() };
    assert!(plan::push(&built(), &db).unwrap().is_empty());
    let unknown = PushOptions { services: vec!["nowhere".into()], ..PushOptions::default() };
    assert!(plan::push(&built(), &unknown).is_err());
}

#[test]
fn a_push_comes_after_its_build() {
    let options = ImageOptions { build: true, push: true, only: Some(Only::Built), ..ImageOptions::default() };
    insta::assert_snapshot!(plan::images(&built(), &nothing(), &options).unwrap().to_string(), @r"
    1. build image shop/web        asked for
    2. build image shop-worker     asked for
    3. push image shop/web         asked for  after 1
    4. push image shop/web:stable  asked for  after 1
    ");
}
