//! What happens when nothing goes wrong.

use crate::dojo::{Dojo, Options};
use crate::site::{Site, assert_filed_once};

#[test]
fn every_report_is_filed_once_and_not_again() {
    let dojo = Dojo::start(Options::default());
    let site = Site::new(&dojo);
    let run = site.upload(&[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_filed_once(&dojo, &site.record(), "first");
    let (requests, before) = (dojo.requests().len(), site.record());
    let run = site.upload(&[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("is filed already"), "{}", run.stdout);
    assert_eq!(dojo.requests().len(), requests, "nothing is asked of it");
    assert_eq!(site.record(), before);
}
