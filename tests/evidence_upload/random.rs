//! Whatever goes wrong when: faults at random, over several runs.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use security_gate::artifact;
use security_gate::convert;
use security_gate::defectdojo::{self, BaseUrl, Client, Patience, Token};
use security_gate::evidence::deliver::{Ended, Pauses, Prepare, Settings, Watch, deliver};
use security_gate::evidence::keep;
use security_gate::evidence::plan::Plan;
use security_gate::evidence::record::{Delivery, Record, State};

use crate::dojo::{Dojo, Options, Schedule};
use crate::site::{Site, assert_filed_once, ran};

/// Says nothing.
struct Silent;

impl Watch for Silent {
    fn sent(&self, _: usize, _: u64, _: u64) {}
    fn says(&self, _: usize, _: &str) {}
    fn ended(&self, _: usize, _: &Delivery) {}
}

/// The plan of a site, with reports that are found from anywhere.
fn plan(site: &Site) -> Plan {
    let run = ran(&mut site.evidence(&["evidence", "plan", "--format", "json"]));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let mut plan: Plan = serde_json::from_str(&run.stdout).unwrap();
    for row in &mut plan.reports {
        row.artifact.path = site
            .workplace
            .path(&row.artifact.path)
            .display()
            .to_string();
    }
    plan
}

fn earlier(path: &Path) -> Option<Record> {
    let window = artifact::open(path, 1 << 20).ok()?;
    Some(Record::read(window).unwrap().0)
}

/// One run; it is told to end after being asked so often whether it is.
fn run(dojo: &Dojo, plan: &Plan, folder: &Path, glances: usize) -> Ended {
    let path = folder.join("record.json");
    let settings = Settings {
        client: Client::new(defectdojo::Settings {
            base: BaseUrl::parse(&dojo.url()).unwrap(),
            token: Token::new(&dojo.token).unwrap(),
            ca_file: None,
            proxy: None,
            patience: Patience::default(),
        })
        .unwrap(),
        jobs: 3,
        timeout: Duration::from_secs(60),
        pauses: Pauses {
            first: Duration::from_millis(1),
            // Its faults do what they do before they are noticed.
            settle: Some(Duration::from_millis(2)),
        },
        record: path.clone(),
        bundle: None,
        now: Timestamp::now,
    };
    let options = convert::Options::default();
    let prepare: Arc<Prepare> = Arc::new(move |delivery| keep::prepared(delivery, &options));
    let mut record = Record::new(plan.clone(), Timestamp::now());
    record.server = Some(dojo.url());
    if let Some(earlier) = earlier(&path) {
        record = record.resume(earlier).unwrap();
    }
    let watch: Arc<dyn Watch> = Arc::new(Silent);
    let asked = AtomicUsize::new(0);
    let is_over = || asked.fetch_add(1, Ordering::SeqCst) >= glances;
    let ended = deliver(record, &settings, &prepare, &watch, &is_over);
    assert_eq!(
        earlier(&path).as_ref(),
        Some(&ended.record),
        "the record is what is written"
    );
    ended
}

/// That the record says of no report that it is there when it is not, nor that it is
/// not when it is.
fn assert_true(dojo: &Dojo, record: &Record) {
    dojo.settle();
    let state = dojo.state();
    for delivery in &record.deliveries {
        let imports = state.test_imports.iter();
        let imports = imports.filter(|import| delivery.build_id() == Some(&*import.build_id));
        let imports = imports.count();
        match delivery.state() {
            State::Filed => assert_eq!(imports, 1, "{delivery:?}"),
            State::Planned | State::Failed | State::Refused | State::Skipped => {
                assert_eq!(imports, 0, "{delivery:?}");
            }
            State::Sending | State::Unknown => assert!(imports <= 1, "{delivery:?}"),
        }
    }
}

/// The reports of all cases.
static PLAN: OnceLock<(Site, Plan)> = OnceLock::new();

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_goes_wrong_each_report_is_filed_once(
        seeds in proptest::collection::vec((any::<u64>(), 1..8_u64), 1..4),
        glances in prop_oneof![3 => Just(usize::MAX), 1 => 0..3_usize],
    ) {
        let dojo = Dojo::start(Options::default());
        let site = Site::new(&dojo);
        let (_, plan) = PLAN.get_or_init(|| {
            let plan = plan(&site);
            (site, plan)
        });
        let folder = tempfile::tempdir().unwrap();
        let mut glances = glances;
        for (seed, one_in) in &seeds {
            dojo.schedule(Schedule::random(*seed, 60, *one_in));
            let ended = run(&dojo, plan, folder.path(), glances);
            assert_true(&dojo, &ended.record);
            glances = usize::MAX;
        }
        // In the end the network is mended.
        dojo.schedule(Schedule::none());
        let ended = run(&dojo, plan, folder.path(), usize::MAX);
        let context = format!("{seeds:?}: {:#?}", ended.record.deliveries);
        prop_assert!(ended.halt.is_none() && ended.record.is_delivered(), "{}", context);
        assert_filed_once(&dojo, &serde_json::to_value(&ended.record).unwrap(), &context);
    }
}
