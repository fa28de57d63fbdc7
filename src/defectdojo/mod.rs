//! A client for DefectDojo's API: uploads and questions, and what their failures
//! mean. It knows of no lane, policy or record; it tries nothing twice.
//!
//! [`Client::upload`] files a report. Whoever calls it decides by the
//! [`Failure::outcome`] whether and when to try again; after one that
//! [may have landed](Failure::may_have_landed), [`Client::imports`] says whether it
//! did. A success is what the answer's body proves, never the absence of an error.
//!
//! The behaviour relied on is that of DefectDojo 2.58 and 3.2. Each concern has its
//! file: `url`, `token` and `proxy` for the way there, `upload`, `fields` and `body`
//! for what is sent, `answer` and `rows` for what comes back, `explain` and `words`
//! for what an answer that is a no means, and `broken` for none at all.

mod answer;
mod body;
mod broken;
mod client;
mod explain;
mod failure;
mod fields;
mod proxy;
mod rows;
mod token;
mod transport;
mod upload;
mod url;
mod words;

pub use answer::{Answer, Counts, Delta, Statistics, Tally};
pub use body::Payload;
pub use client::Client;
pub use failure::{Failure, Outcome, Reason, SAID_LIMIT};
pub use fields::{FieldError, Fields, Note};
pub use proxy::{Proxy, ProxyError};
pub use rows::{Actions, Attached, Engagement, Import, Named, Product, Profile, Test};
pub use token::{Token, TokenError};
pub use transport::{Patience, Settings, SetupError, answer_timeout};
pub use upload::{Method, Upload};
pub use url::{BaseUrl, UrlError};
