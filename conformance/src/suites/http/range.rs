use workerspec_wire::http::{Request, Response};

use crate::case::{Case, Need, Source};
use crate::run::Stage;
use crate::testee::Capability;
use crate::verdict::{Finding, Outcome, broken};

/// A family over what `Range` asks of the thousand octets of `/bytes/1000`.
macro_rules! ranges {
    ($($id:literal, $level:ident, $section:literal, $claim:literal, $reading:literal, $accepts:literal, $value:literal, $allowed:expr);+ $(;)?) => {
        &[$(act! {
            concat!("http.range.", $id), $level, Source::Rfc(9110, $section);
            claim: $claim; reading: $reading;
            needs: [Need::Can(Capability::Http), Need::FullTier]; Shared; seconds: 8;
            accepts: ["200 with all octets", $accepts]; aliases: [];
            run: |stage| get(stage, $value, &$allowed)
        }),+]
    };
}

/// RFC 9110 14: a server that knows no ranges ignores them; one that does answers them rightly.
pub(super) const GET: &[Case] = ranges! {
    "first-octets", Must, "15.3.7", "A range must be ignored, or answered with its octets and 206.",
        "`bytes=0-9` of a thousand octets.", "206 with ten octets and Content-Range", "bytes=0-9", [Allowed::Part(0, 9)];
    "last-octets", Must, "14.1.2", "A range of the last octets must be ignored, or answered with them.",
        "`bytes=-10` of a thousand octets.", "206 with ten octets and Content-Range", "bytes=-10", [Allowed::Part(990, 999)];
    "beyond-end", Must, "14.1.2", "A range that reaches beyond the end must be ignored, or end there.",
        "`bytes=990-5000` of a thousand octets.", "206 with ten octets and Content-Range", "bytes=990-5000", [Allowed::Part(990, 999)];
    "open-end", Must, "14.1.2", "A range without a last position must be ignored, or reach to the end.",
        "`bytes=995-` of a thousand octets.", "206 with five octets and Content-Range", "bytes=995-", [Allowed::Part(995, 999)];
    "behind-end", Must, "15.5.17", "A range behind the end must be ignored, or refused with 416.",
        "`bytes=5000-` of a thousand octets.", "416", "bytes=5000-", [Allowed::Status(416)];
    "backwards", Must, "14.1.1", "A range whose last position is before its first must not be answered with a part.",
        "`bytes=9-0` is invalid.", "416 or 400", "bytes=9-0", [Allowed::Status(416), Allowed::Status(400)];
    "no-number", Must, "14.1.1", "A range that is in no grammar must not be answered with a part.",
        "`bytes=a-b` is invalid.", "416 or 400", "bytes=a-b", [Allowed::Status(416), Allowed::Status(400)];
};

/// Where a range has to be ignored.
pub(super) const IGNORED: &[Case] = &[
    act! {
        "http.range.unknown-unit", Must, Source::Rfc(9110, "14.2");
        claim: "A range in a unit that the server does not know must be ignored.";
        reading: "`lines=0-1` of a thousand octets.";
        needs: [Need::Can(Capability::Http), Need::FullTier]; Shared; seconds: 8;
        accepts: ["200 with all octets"]; aliases: [];
        run: |stage| get(stage, "lines=0-1", &[])
    },
    act! {
        "http.range.on-post", Must, Source::Rfc(9110, "14.2");
        claim: "A range with a method other than GET must be ignored.";
        reading: "A POST whose content is echoed; range handling is defined for GET alone.";
        needs: [Need::Can(Capability::Http), Need::FullTier]; Shared; seconds: 8;
        accepts: ["200 with all octets"]; aliases: [];
        run: on_post
    },
];

/// What may come besides 200 with all octets.
#[derive(Clone, Copy)]
enum Allowed {
    /// 206 with the octets from one position to another.
    Part(usize, usize),
    /// That refusal.
    Status(u16),
}

const LENGTH: usize = 1_000;

fn octets() -> Vec<u8> {
    b"0123456789".repeat(LENGTH / 10)
}

fn get(stage: &Stage, range: &str, allowed: &[Allowed]) -> Outcome {
    let mut probe = stage.http()?;
    probe.send(&Request::get(&format!("/bytes/{LENGTH}")).field("Range", range).end())?;
    match probe.hear(false)? {
        Ok(response) => Ok(judge(&response, &octets(), allowed)),
        Err(no_answer) => broken(format!("no answer: {no_answer}")),
    }
}

fn on_post(stage: &Stage) -> Outcome {
    let mut probe = stage.http()?;
    let content = octets();
    probe.send(&Request::post("/").field("Range", "bytes=0-9").body(&content))?;
    match probe.hear(false)? {
        Ok(response) => Ok(judge(&response, &content, &[])),
        Err(no_answer) => broken(format!("no answer: {no_answer}")),
    }
}

fn judge(response: &Response, whole: &[u8], allowed: &[Allowed]) -> Finding {
    let range = response.text("content-range");
    let is = |allowed: &Allowed| match *allowed {
        Allowed::Part(first, last) => {
            response.status == 206
                && response.body == whole[first..=last]
                && range == Some(&format!("bytes {first}-{last}/{}", whole.len()))
        }
        Allowed::Status(status) => response.status == status,
    };
    let came = format!("{} with {} octets, Content-Range {range:?}", response.status, response.body.len());
    let ignored = response.status == 200 && response.body == whole && range.is_none();
    if ignored || allowed.iter().any(is) { Finding::Kept(came) } else { Finding::Broken(came) }
}
