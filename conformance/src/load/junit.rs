//! The report as `JUnit` XML: a case for the grade, each self-check, each limit, each parked state.

use quick_junit::{NonSuccessKind, Report as Xml, TestCase, TestCaseStatus, TestSuite};

use crate::load::grade::Grade;
use crate::load::report::Report;

/// Writes a report as XML.
///
/// # Errors
/// Text that XML can't hold.
pub fn junit(report: &Report) -> Result<String, String> {
    let mut suite = TestSuite::new("reload");
    let mut case = |name: String, failed: Option<(&str, String)>| {
        let status = match failed {
            None => TestCaseStatus::success(),
            Some((kind, message)) => {
                let kind = if kind == "error" { NonSuccessKind::Error } else { NonSuccessKind::Failure };
                let mut status = TestCaseStatus::non_success(kind);
                status.set_message(message);
                status
            }
        };
        let mut case = TestCase::new(name, status);
        case.set_classname(report.testee.name.clone());
        suite.add_test_case(case);
    };
    let verdict = &report.verdict;
    let lost = match verdict.grade {
        Grade::Lossless => None,
        Grade::Inconclusive => Some(("error", verdict.sentence.clone())),
        Grade::Conformant | Grade::Lossy => Some(("failure", verdict.sentence.clone())),
    };
    case("no request is lost".to_owned(), lost);
    for check in &verdict.checks {
        case(format!("self-check: {}", check.name), (!check.holds).then(|| ("error", check.found.clone())));
    }
    for failure in &verdict.failures {
        case("promise".to_owned(), Some(("failure", failure.clone())));
    }
    for budget in &report.budgets {
        let told = format!("{}, limit {}", budget.found, budget.limit);
        let failed = match budget.holds {
            Some(true) => None,
            Some(false) => Some(("failure", told)),
            None => Some(("error", told)),
        };
        case(format!("limit: {}", budget.name), failed);
    }
    for cell in report.matrix.iter().flat_map(|matrix| &matrix.cells) {
        let failed = (0 < cell.lost).then(|| ("failure", format!("{:?}", cell.outcomes)));
        case(format!("parked in {}: {}", cell.protocol, cell.state), failed);
    }
    if let Some(freeze) = &report.freeze {
        let failed = (0 < freeze.lost).then(|| ("failure", format!("{:?}", freeze.outcomes)));
        case("queued while the workers stood still".to_owned(), failed);
    }
    let mut xml = Xml::new("workerspec reload");
    xml.add_test_suite(suite);
    xml.to_string().map_err(|error| error.to_string())
}
