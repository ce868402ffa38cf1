//! A password that cannot be printed by accident.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

/// A secret text: wiped from memory when dropped, without `Display` or `Serialize`, and with a
/// `Debug` that shows nothing, so that no log line, event or panic message can carry it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Letters, digits and the punctuation that every RDS engine, URI and shell takes as it is:
/// RDS forbids `/ " @ & '` (CreateDBInstance, MasterUserPassword), URIs give meaning to more.
const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789-_.~";

impl Password {
    /// Wraps a text that came from a Secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// Draws `length` characters from the system's random source; the first is a letter.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn draw(length: usize) -> Result<Self, NoRandomness> {
        let random = SystemRandom::new();
        let mut text = Zeroizing::new(String::with_capacity(length));
        let mut bytes = [0u8; 64];
        while text.len() < length {
            random.fill(&mut bytes).map_err(|_| NoRandomness)?;
            for byte in bytes {
                let letters = if text.is_empty() { 48 } else { ALPHABET.len() };
                // Bytes beyond the last whole multiple are dropped: taking them would favour some letters.
                let fair = 256 / letters * letters;
                if (byte as usize) < fair && text.len() < length {
                    text.push(ALPHABET[byte as usize % letters] as char);
                }
            }
        }
        Ok(Self(text))
    }

    /// The text itself, for the call or the Secret that must carry it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The system's random source failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system's random source failed: no password was drawn")]
pub struct NoRandomness;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_password_has_the_length_and_only_characters_every_engine_takes() {
        let password = Password::draw(30).unwrap();
        assert_eq!(password.expose().len(), 30);
        assert!(password.expose().bytes().all(|b| ALPHABET.contains(&b)));
        assert!(password.expose().as_bytes()[0].is_ascii_alphabetic());
        assert_ne!(password, Password::draw(30).unwrap());
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Password::new("canary-password")), "Password(..)");
    }
}
