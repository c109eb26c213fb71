//! The functions that templates call: Go's, Sprig's, and those of the caller.

mod builtin;
mod dates;
mod encodings;
mod lists;
mod maps;
mod numbers;
mod regexes;
mod strings;

pub(super) use self::dates::time_method;
use super::function::Function;

/// Sprig's functions that are not here: they make keys and certificates, hash passwords, or ask the network
/// or the environment.
const LEFT_OUT: [&str; 19] = [
    "bcrypt",
    "htpasswd",
    "genPrivateKey",
    "derivePassword",
    "buildCustomCert",
    "genCA",
    "genCAWithKey",
    "genSelfSignedCert",
    "genSelfSignedCertWithKey",
    "genSignedCert",
    "genSignedCertWithKey",
    "encryptAES",
    "decryptAES",
    "getHostByName",
    "env",
    "expandenv",
    "semver",
    "semverCompare",
    "call",
];

/// The functions that templates may call.
#[derive(Debug, Clone)]
pub struct FunctionTable {
    groups: Vec<&'static [Function]>,
}

impl FunctionTable {
    /// The functions that Go's package has by itself.
    pub fn go() -> Self {
        Self { groups: vec![builtin::FUNCTIONS] }
    }

    /// Adds Sprig's functions.
    #[must_use]
    pub fn with_sprig(mut self) -> Self {
        self.groups.extend([
            encodings::FUNCTIONS,
            dates::FUNCTIONS,
            maps::FUNCTIONS,
            lists::FUNCTIONS,
            numbers::FUNCTIONS,
            strings::FUNCTIONS,
            regexes::FUNCTIONS,
        ]);
        self
    }

    /// Adds functions. One whose name is taken replaces the other.
    #[must_use]
    pub fn with(mut self, functions: &'static [Function]) -> Self {
        self.groups.push(functions);
        self
    }

    pub(super) fn find(&self, name: &str) -> std::result::Result<&'static Function, String> {
        let found = self.groups.iter().rev().copied().flatten().find(|function| function.name == name);
        found.ok_or_else(|| match name {
            name if LEFT_OUT.contains(&name) => {
                format!("the function {name} is left out: templates have no access to keys, passwords, the network or the environment")
            }
            name => format!("there is no function {name}"),
        })
    }
}
