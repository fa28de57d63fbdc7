//! The words in which DefectDojo 2.58 and 3.2 say no, and what they mean.

use super::explain::Verdict;
use super::failure::{Outcome, Reason};

/// What some words mean.
#[derive(Clone, Copy)]
pub(super) struct Meaning {
    /// What a text has in it, all of it, in lower case.
    words: &'static [&'static str],
    reason: Reason,
    sentence: &'static str,
    advice: &'static str,
}

impl Meaning {
    pub(super) fn verdict(self) -> Verdict {
        let outcome = match self.reason {
            Reason::Race => Outcome::Race,
            _ => Outcome::Refused,
        };
        (
            outcome,
            self.reason,
            self.sentence.to_owned(),
            self.advice.to_owned(),
        )
    }
}

/// The first meaning whose words are all said.
pub(super) fn find(meanings: &[Meaning], said: &str) -> Option<Meaning> {
    let said = said.to_lowercase();
    let fits = |meaning: &&Meaning| meaning.words.iter().all(|word| said.contains(word));
    meanings.iter().find(fits).copied()
}

const ASK: &str = "ask an administrator for it: in 3.x by `Authorized users` of the product or product type, in 2.x by the role `API_Importer` on the product (`Maintainer` on the product type to create products)";
const NAMES: &str = "check the names, their case too, or allow what is missing to be created (`auto_create_context`)";

pub(super) const UNKNOWN_TOKEN: Meaning = Meaning {
    words: &["invalid token"],
    reason: Reason::Token,
    sentence: "DefectDojo does not know the token",
    advice: "take the API v2 key of the CI system's user, from this installation, and set it as `DEFECTDOJO_TOKEN`; a key that was renewed is another",
};

pub(super) const NO_RIGHT: Meaning = Meaning {
    words: &["permission"],
    reason: Reason::Right,
    sentence: "the token's user may not do this here: uploads need a right on the product",
    advice: ASK,
};

/// Of an answer with 403.
pub(super) const FORBIDDEN: &[Meaning] = &[
    Meaning {
        words: &["credentials were not provided"],
        reason: Reason::Token,
        sentence: "DefectDojo was shown no token",
        advice: "a proxy may take the `Authorization` header away; if there is none, check how the token is set",
    },
    UNKNOWN_TOKEN,
    Meaning {
        words: &["inactive or deleted"],
        reason: Reason::Token,
        sentence: "the token's user is deactivated",
        advice: "ask an administrator to activate the user, or take the key of another",
    },
    Meaning {
        words: &["to create engagements"],
        reason: Reason::Right,
        sentence: "the token's user may not create engagements in this product",
        advice: ASK,
    },
    Meaning {
        words: &["to create products"],
        reason: Reason::Right,
        sentence: "the token's user may not create products in this product type",
        advice: ASK,
    },
    Meaning {
        words: &["to create product_type"],
        reason: Reason::Right,
        sentence: "the token's user may not create product types",
        advice: "have an administrator create the product once; then leave `product type` out",
    },
    Meaning {
        words: &["to create tests"],
        reason: Reason::Right,
        sentence: "the token's user may not create tests in this engagement",
        advice: ASK,
    },
    NO_RIGHT,
];

pub(super) const RACE: Meaning = Meaning {
    words: &["with this name already exists"],
    reason: Reason::Race,
    sentence: "another upload created the same product, engagement or test at the same moment",
    advice: "upload into a new product alone first; across pipelines use a lock such as GitLab's `resource_group`",
};

const NO_TARGET: Meaning = Meaning {
    words: &["\" does not exist"],
    reason: Reason::UnknownTarget,
    sentence: "the product, engagement or test does not exist",
    advice: NAMES,
};

const MANGLED: Meaning = Meaning {
    words: &["parameter missing"],
    reason: Reason::Mangled,
    sentence: "the fields of the upload did not reach DefectDojo",
    advice: "a proxy may send the body on in chunks, or turn the request into a GET: have it pass `Content-Length` and the body on as they are",
};

const CONFLICT: Meaning = Meaning {
    words: &["conflict with the supplied product type"],
    reason: Reason::Conflict,
    sentence: "the names given do not belong together: the product, engagement or test there is in another place",
    advice: "correct the product type (or leave it out, for a product that exists), and check names against ids",
};

pub(super) const SCAN_TYPE: Meaning = Meaning {
    words: &["scan_type:"],
    reason: Reason::ScanType,
    sentence: "DefectDojo does not know the scan type",
    advice: "use its exact name, case and all (`Trivy Scan`, not `Trivy`); an administrator can have switched a type off",
};

pub(super) const FILE: Meaning = Meaning {
    words: &["uploading a report file"],
    reason: Reason::Format,
    sentence: "DefectDojo does not take the file: its name's extension is not one that it allows, or no file arrived",
    advice: "name the report with an extension such as `.json` or `.xml`; compressed reports are not taken",
};

/// Whatever a parser says of a report.
pub(super) const PARSER: Meaning = Meaning {
    words: &[],
    reason: Reason::Format,
    sentence: "DefectDojo's parser for this scan type cannot read the report",
    advice: "check that the scan type is that of the report and that the report is whole; `security-gate inspect` says what the file is",
};

/// Of an answer with 400.
pub(super) const BAD_REQUEST: &[Meaning] = &[
    RACE,
    Meaning {
        words: &["with this title already exists"],
        reason: Reason::TitleTaken,
        sentence: "a file of that title is attached already, here or elsewhere in DefectDojo",
        advice: "titles are unique in the whole installation: attach it under another",
    },
    Meaning {
        words: &["no product_type_name provided"],
        reason: Reason::NoProductType,
        sentence: "the product does not exist, and no product type says where to create it",
        advice: "check the product's name, its case too; to create it, set the product type",
    },
    CONFLICT,
    Meaning {
        words: &["identifiers are inconsistent"],
        ..CONFLICT
    },
    MANGLED,
    Meaning {
        words: &["multipart form parse error"],
        ..MANGLED
    },
    Meaning {
        words: &["environment named", "does not exist"],
        reason: Reason::UnknownTarget,
        sentence: "the environment does not exist",
        advice: NAMES,
    },
    NO_TARGET,
    Meaning {
        words: &["test with scan_type", "does not exist"],
        ..NO_TARGET
    },
    Meaning {
        words: &["too large"],
        reason: Reason::TooLarge,
        sentence: "the report is larger than DefectDojo takes",
        advice: "have an administrator raise `DD_SCAN_FILE_MAX_SIZE` (100 MB unless set), or split the scan",
    },
    Meaning {
        words: &["test type mismatch"],
        reason: Reason::Conflict,
        sentence: "the report is of another tool than the test that it was to go into",
        advice: "give each tool a test title of its own",
    },
    Meaning {
        words: &["ensure this value has at most"],
        reason: Reason::Field,
        sentence: "a name is longer than DefectDojo takes",
        advice: "shorten the names of product and engagement",
    },
    FILE,
];
