//! Numbers of replicas: `web=3`.

/// `SERVICE=NUMBER`
pub(crate) fn parse_scale(text: &str) -> Result<(String, u32), String> {
    let (service, number) = text.split_once('=').ok_or("use SERVICE=NUMBER, for example web=3")?;
    let number = number.parse().map_err(|_| format!("{number:?} is not a number"))?;
    Ok((service.to_owned(), number))
}
