//! The server: where it is, and who asks.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::cli::output::Console;
use crate::defectdojo::{BaseUrl, Client, Patience, Proxy, Settings, Token};

/// The variables with the token; the first that is set.
const TOKENS: [&str; 2] = ["DEFECTDOJO_TOKEN", "DEFECTDOJO_APIKEY"];

#[derive(Debug, Args)]
pub(super) struct Server {
    /// Certificates (PEM) that are trusted in place of the system's
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

/// Something that answers, perhaps.
pub(super) struct Connected {
    pub(super) base: BaseUrl,
    pub(super) client: Client,
}

impl Server {
    /// Prepares calls, of which no question takes longer than `longest`; makes none.
    ///
    /// # Errors
    ///
    /// When the address, the token, the proxy or the certificates are none.
    pub(super) fn connect(
        &self,
        url: Option<&str>,
        longest: Option<Duration>,
        console: &Console,
    ) -> anyhow::Result<Connected> {
        let Some(url) = url else {
            bail!("no server is named: set DEFECTDOJO_URL, or `url` in `[evidence]`");
        };
        let base = BaseUrl::parse(url).context("the server's address is none")?;
        if base.is_unprotected() {
            console.warning(&format!(
                "{base} is not https: the token and the reports can be read on the way"
            ));
        }
        let set = TOKENS.iter().find_map(|name| {
            let value = variable(name)?;
            Some((*name, value)).filter(|(_, value)| !value.trim().is_empty())
        });
        let Some((name, text)) = set else {
            bail!(
                "there is no token: set {} to the API v2 key of a user that may upload; a variable that is protected is only there on protected branches",
                TOKENS[0]
            );
        };
        let token = Token::new(&text).with_context(|| format!("{name} is no token"))?;
        let patience = Patience::default();
        let client = Client::new(Settings {
            proxy: Proxy::from_variables(&base, variable)?,
            base: base.clone(),
            token,
            ca_file: self.ca_file.clone(),
            patience: Patience {
                lookup: longest.map_or(patience.lookup, |longest| longest.min(patience.lookup)),
                ..patience
            },
        })?;
        Ok(Connected { base, client })
    }
}

/// A variable of the environment.
fn variable(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where the environment is read"
    )]
    std::env::var(name).ok()
}
