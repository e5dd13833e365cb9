use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::probe::Transcript;
use crate::run::{CaseResult, RunReport};
use crate::verdict::Verdict;

/// The report as JUnit XML: one suite per family, one test case per case.
///
/// A fail and an inconclusive case are failures, an error is an error, skipped and known cases are
/// skipped; a warning passes and says so in its output.
///
/// # Errors
/// When the writer refuses the report.
pub fn junit(report: &RunReport) -> Result<String, quick_junit::SerializeError> {
    let mut document = Report::new(format!("workerspec {}", report.testee));
    document.set_time(report.took);
    let mut suites: Vec<TestSuite> = Vec::new();
    for result in &report.results {
        let family = result.case.suite();
        if suites.last().is_none_or(|suite| suite.name.as_str() != family) {
            suites.push(TestSuite::new(family));
        }
        if let Some(suite) = suites.last_mut() {
            suite.add_test_case(test_case(result));
        }
    }
    document.add_test_suites(suites);
    document.to_string()
}

fn test_case(result: &CaseResult) -> TestCase {
    let mut status = match result.verdict {
        Verdict::Pass | Verdict::Warn => TestCaseStatus::success(),
        Verdict::Fail | Verdict::Flaky | Verdict::Inconclusive => {
            TestCaseStatus::non_success(NonSuccessKind::Failure)
        }
        Verdict::Error => TestCaseStatus::non_success(NonSuccessKind::Error),
        Verdict::Skip | Verdict::Known => TestCaseStatus::skipped(),
    };
    if result.verdict != Verdict::Pass {
        status.set_message(result.reason.as_deref().unwrap_or(&result.message));
    }
    status.set_type(result.verdict.name());
    let mut test = TestCase::new(result.case.id, status);
    test.set_classname(format!("{} {}", result.case.level.name(), result.case.source));
    test.set_time(result.took);
    if result.verdict != Verdict::Pass {
        let seen: Vec<String> = result.evidence.iter().map(Transcript::render).collect();
        let told = format!("{}: {}\n{}", result.verdict, result.message, seen.join("\n"));
        test.set_system_out(told);
    }
    test
}
