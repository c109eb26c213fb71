//! What a container was made from and an inspection does not show: secrets and configs that are copied into it, and hooks.
//!
//! Everyone who may look at a container can read its labels, and a fast hash of a short secret is the secret: all that
//! it can be is tried in seconds. So a label holds a slow, salted one of each (`docs/decisions/0033-what-labels-tell.md`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ring::pbkdf2::{PBKDF2_HMAC_SHA256, derive};
use tokio::sync::OnceCell;
use wharf_compose::Project;
use wharf_compose::model::Service;

use crate::difference::Difference;
use crate::event::HookPoint;
use crate::request::is_copied;

/// How often the hash is repeated: what OWASP asks of PBKDF2 with SHA-256 (2023).
const ROUNDS: NonZeroU32 = NonZeroU32::new(600_000).unwrap();
/// What a label of this form begins with.
const FORM: &str = "pbkdf2-sha256";

type Salt = [u8; 16];
/// A slow hash of a text.
type Mark = [u8; 32];

/// How marks are derived: `pbkdf2-sha256:600000:SALT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Derivation {
    rounds: NonZeroU32,
    salt: Salt,
}

impl Derivation {
    /// With a salt that nothing else has.
    fn new(rounds: NonZeroU32) -> Result<Self, getrandom::Error> {
        let mut salt = Salt::default();
        getrandom::fill(&mut salt)?;
        Ok(Derivation { rounds, salt })
    }

    /// The field is part of the salt, so that nobody sees that two fields have the same text.
    fn mark(&self, field: &str, text: &str) -> Mark {
        let salt = [self.salt.as_slice(), field.as_bytes()].concat();
        let mut mark = Mark::default();
        derive(PBKDF2_HMAC_SHA256, self.rounds, &salt, text.as_bytes(), &mut mark);
        mark
    }
}

/// The texts that a label must not hold, by the field that has them.
pub(crate) struct Unseen(BTreeMap<String, String>);

impl Unseen {
    /// Of a service's containers.
    pub(crate) fn of(project: &Project, service: &Service) -> Self {
        let mut texts = BTreeMap::new();
        let objects =
            [("secrets", &service.secrets, &project.secrets), ("configs", &service.configs, &project.configs)];
        for (kind, used, defined) in objects {
            for file in used {
                let Some(object) = defined.get(&file.source).filter(|object| is_copied(object)) else { continue };
                let value = || object.value.as_ref().map(|value| value.0.clone());
                let text = object.content.clone().or_else(value).unwrap_or_default();
                texts.insert(format!("{kind}.{}", file.source), text);
            }
        }
        let points = [HookPoint::PostStart, HookPoint::PreStop].map(|point| (point.as_str(), point.hooks(service)));
        for (field, hooks) in points.into_iter().chain([("pre_start", service.pre_start.as_slice())]) {
            if !hooks.is_empty() {
                texts.insert(field.to_owned(), serde_json::to_string(hooks).unwrap_or_default());
            }
        }
        Unseen(texts)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The slow hashes of what is not seen of a container, as its label holds them:
/// `pbkdf2-sha256:600000:SALT:configs.site=HASH,secrets.db=HASH`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seal {
    derivation: Derivation,
    marks: BTreeMap<String, Mark>,
}

impl Seal {
    /// The fields that a seal of the same derivation has otherwise, or not at all.
    fn differing(&self, other: &Seal) -> Vec<Difference> {
        let fields: BTreeSet<&String> = self.marks.keys().chain(other.marks.keys()).collect();
        let differing = fields.into_iter().filter(|field| self.marks.get(*field) != other.marks.get(*field));
        differing.map(Difference::of_unknown_values).collect()
    }
}

impl fmt::Display for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let marks: Vec<String> =
            self.marks.iter().map(|(field, mark)| format!("{field}={}", hex::encode(mark))).collect();
        let Derivation { rounds, salt } = self.derivation;
        write!(f, "{FORM}:{rounds}:{}:{}", hex::encode(salt), marks.join(","))
    }
}

impl FromStr for Seal {
    type Err = ();

    /// # Errors
    /// The label has another form, or would take too long.
    fn from_str(label: &str) -> Result<Self, ()> {
        let mut parts = label.splitn(4, ':');
        let mut part = || parts.next().ok_or(());
        if part()? != FORM {
            return Err(());
        }
        let rounds = part()?.parse().map_err(drop)?;
        if rounds > ROUNDS {
            return Err(());
        }
        let mut salt = Salt::default();
        hex::decode_to_slice(part()?, &mut salt).map_err(drop)?;
        let marks = part()?;
        let mut seal = Seal { derivation: Derivation { rounds, salt }, marks: BTreeMap::new() };
        for entry in marks.split(',').filter(|entry| !entry.is_empty()) {
            let (field, mark) = entry.split_once('=').ok_or(())?;
            let mut bytes = Mark::default();
            hex::decode_to_slice(mark, &mut bytes).map_err(drop)?;
            seal.marks.insert(field.to_owned(), bytes);
        }
        Ok(seal)
    }
}

/// How, the field, and its text.
type Input = (Derivation, String, String);

/// Makes seals. What was derived once is not derived again, because that takes a tenth of a second.
pub(crate) struct Sealer {
    rounds: NonZeroU32,
    /// For new containers.
    derivation: OnceLock<Derivation>,
    marks: Mutex<HashMap<Input, Arc<OnceCell<Mark>>>>,
}

impl Sealer {
    /// `rounds` are fewer than usual in tests.
    pub(crate) fn new(rounds: Option<NonZeroU32>) -> Self {
        let rounds = rounds.unwrap_or(ROUNDS).min(ROUNDS);
        Sealer { rounds, derivation: OnceLock::new(), marks: Mutex::default() }
    }

    /// The seal of all that is not seen of a new container. The salt is that of a container that was compared before, if
    /// there is one: every later comparison derives each text once for each salt.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub(crate) async fn seal(&self, unseen: &Unseen) -> Result<Seal, getrandom::Error> {
        let derivation = match self.derivation.get() {
            Some(derivation) => *derivation,
            None => {
                let new = Derivation::new(self.rounds)?;
                *self.derivation.get_or_init(|| new)
            }
        };
        Ok(self.derived(unseen, derivation).await)
    }

    async fn derived(&self, unseen: &Unseen, derivation: Derivation) -> Seal {
        let marks = unseen.0.iter().map(|(field, text)| async move {
            (field.clone(), self.derive((derivation, field.clone(), text.clone())).await)
        });
        Seal { derivation, marks: futures_util::future::join_all(marks).await.into_iter().collect() }
    }

    /// In what a container with this label differs. What a label of an unknown form stands for is not known.
    pub(crate) async fn differences(&self, unseen: &Unseen, label: Option<&str>) -> Vec<Difference> {
        match label.map(str::parse::<Seal>) {
            Some(Ok(seal)) => {
                if seal.derivation.rounds == self.rounds {
                    // The first one stays.
                    let _ = self.derivation.set(seal.derivation);
                }
                seal.differing(&self.derived(unseen, seal.derivation).await)
            }
            Some(Err(())) | None => unseen.0.keys().map(Difference::of_unknown_values).collect(),
        }
    }

    async fn derive(&self, input: Input) -> Mark {
        let cell = self.marks.lock().unwrap_or_else(PoisonError::into_inner).entry(input.clone()).or_default().clone();
        let derive = async move {
            match tokio::task::spawn_blocking(move || input.0.mark(&input.1, &input.2))
                .await
                .map_err(tokio::task::JoinError::try_into_panic)
            {
                Ok(mark) => mark,
                Err(Ok(panic)) => std::panic::resume_unwind(panic),
                // The program ends.
                Err(Err(_)) => std::future::pending().await,
            }
        };
        *cell.get_or_init(|| derive).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_compose::Options;

    const DERIVATION: Derivation = Derivation { rounds: NonZeroU32::new(2).unwrap(), salt: [7; 16] };

    fn unseen(keys: &str, content: &str) -> Unseen {
        let text = format!(
            "services:\n  web: {{image: x, {keys}}}\nconfigs:\n  site: {{content: '{content}'}}\nsecrets:\n  file: {{file: /etc/hostname}}\n"
        );
        let project =
            wharf_compose::Project::load(&Options::from_text(&text)).expect("the project can be loaded").project;
        Unseen::of(&project, &project.services["web"])
    }

    fn fields(differences: &[Difference]) -> Vec<&str> {
        differences.iter().map(|difference| difference.field.as_str()).collect()
    }

    #[tokio::test]
    async fn a_seal_tells_what_changed_and_not_what_it_was() {
        let sealer = Sealer::new(Some(DERIVATION.rounds));
        let before = unseen("configs: [site], secrets: [file], post_start: [{command: a}]", "hello");
        let label = sealer.derived(&before, DERIVATION).await.to_string();
        assert_eq!(
            label.split(['=', ',']).step_by(2).collect::<Vec<_>>(),
            ["pbkdf2-sha256:2:07070707070707070707070707070707:configs.site", "post_start"],
            "a file is mounted, and seen"
        );
        assert!(sealer.differences(&before, Some(&label)).await.is_empty());
        let after = unseen("configs: [site], pre_start: [{command: b}]", "hello!");
        let found = sealer.differences(&after, Some(&label)).await;
        assert_eq!(fields(&found), ["configs.site", "post_start", "pre_start"]);
        assert!(found.iter().all(|found| (&found.was, &found.will) == (&None, &None)));
        assert_eq!(fields(&sealer.differences(&after, Some("scrypt:1:2")).await), ["configs.site", "pre_start"]);
        assert_eq!(
            format!("pbkdf2-sha256:600001:{}:", "07".repeat(16)).parse::<Seal>(),
            Err(()),
            "that takes too long"
        );
        assert!(unseen("tty: true", "hello").is_empty());
    }

    #[tokio::test]
    async fn a_new_container_shares_the_salt_of_one_that_was_compared() {
        let unseen = unseen("configs: [site]", "hello");
        let seal = async |sealer: &Sealer| sealer.seal(&unseen).await.expect("there are random numbers");
        let sealer = Sealer::new(Some(DERIVATION.rounds));
        let first = seal(&sealer).await;
        assert_eq!(seal(&sealer).await, first);
        let later = Sealer::new(Some(DERIVATION.rounds));
        assert!(later.differences(&unseen, Some(&first.to_string())).await.is_empty());
        assert_eq!(seal(&later).await, first);
        assert_ne!(seal(&Sealer::new(Some(DERIVATION.rounds))).await, first, "nothing was compared");
        let slower = Sealer::new(DERIVATION.rounds.checked_add(1));
        slower.differences(&unseen, Some(&first.to_string())).await;
        assert_ne!(seal(&slower).await.derivation, first.derivation, "its rounds are too few");
    }

    /// As Python's `hashlib.pbkdf2_hmac("sha256", b"hello", bytes([7]) * 16 + b"configs.site", 600000)`.
    #[test]
    fn a_mark_is_what_others_derive() {
        let mark = Derivation { rounds: ROUNDS, ..DERIVATION }.mark("configs.site", "hello");
        assert_eq!(hex::encode(mark), "2536127857d0f3fb8ba79c3571e0976c2ade9cac41162d5bc36245cd70006e3e");
    }
}
