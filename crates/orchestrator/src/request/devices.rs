//! Devices of the host that a container may use.

use bollard::models as api;
use wharf_compose::model::{Device, DeviceRequest};

/// A device file.
pub(super) fn device(Device { source, target, permissions }: &Device) -> api::DeviceMapping {
    api::DeviceMapping {
        path_on_host: Some(source.clone()),
        path_in_container: Some(target.as_ref().unwrap_or(source).clone()),
        cgroup_permissions: Some(permissions.clone().unwrap_or_else(|| "rwm".to_owned())),
    }
}

/// Devices that a driver gives: GPUs.
pub(super) fn device_request(request: &DeviceRequest) -> api::DeviceRequest {
    let DeviceRequest { capabilities, driver, count, device_ids, options } = request;
    api::DeviceRequest {
        driver: driver.clone(),
        // Without a number or names all devices are meant.
        count: count.or_else(|| device_ids.is_empty().then_some(-1)),
        device_ids: Some(device_ids.clone()),
        capabilities: Some(vec![match capabilities.is_empty() {
            true => vec!["gpu".to_owned()],
            false => capabilities.clone(),
        }]),
        options: Some(options.clone().into_iter().collect()),
    }
}
