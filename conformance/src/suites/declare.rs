//! How a case is written down: every field, in one order. What is left out does not compile.

/// A case that is a function.
macro_rules! act {
    (
        $id:expr, $level:ident, $source:expr;
        claim: $claim:expr;
        reading: $reading:expr;
        needs: [$($need:expr),* $(,)?]; $sharing:ident; seconds: $seconds:literal;
        accepts: [$($accept:literal),+ $(,)?];
        aliases: [$($alias:literal),* $(,)?];
        run: $run:expr $(;)?
    ) => {
        $crate::case::Case {
            id: $id,
            claim: $claim,
            source: $source,
            level: $crate::case::Level::$level,
            reading: $reading,
            needs: &[$($need),*],
            sharing: $crate::case::Sharing::$sharing,
            aliases: &[$($alias),*],
            budget: std::time::Duration::from_secs($seconds),
            check: $crate::case::Check::Act { acceptable: &[$($accept),+], act: $run },
        }
    };
}

/// A case that is frames on an open websocket connection, and a list of replies.
macro_rules! talk {
    (
        $id:expr, $level:ident, $source:expr;
        claim: $claim:expr;
        reading: $reading:expr;
        send: [$($step:expr),* $(,)?];
        accept: $accept:expr;
        aliases: [$($alias:expr),* $(,)?]
        $(; cut: $cut:expr)?
        $(; fence: $fence:ident)?
        $(; offer: $offer:expr)?
        $(; needs: [$($need:expr),*])?
        $(;)?
    ) => {
        $crate::case::Case {
            id: $id,
            claim: $claim,
            source: $source,
            level: $crate::case::Level::$level,
            reading: $reading,
            needs: &[$crate::case::Need::Can($crate::testee::Capability::WebSocket), $($($need),*)?],
            sharing: $crate::case::Sharing::Shared,
            aliases: &[$($alias),*],
            budget: std::time::Duration::from_secs(8),
            check: $crate::case::Check::Talk($crate::case::Talk {
                offer: talk!(@offer $($offer)?),
                send: &[$($step),*],
                cut: talk!(@cut $($cut)?),
                fence: talk!(@fence $($fence)?),
                accept: $accept,
            }),
        }
    };
    (@offer) => { None };
    (@offer $offer:expr) => { Some($offer) };
    (@cut) => { $crate::case::Cut::Whole };
    (@cut $cut:expr) => { $cut };
    (@fence) => { $crate::case::Fence::Sent };
    (@fence $fence:ident) => { $crate::case::Fence::$fence };
}

/// A case that is an opening handshake, and a list of welcomes.
macro_rules! knock {
    (
        $id:literal, $level:ident, $source:expr;
        claim: $claim:literal;
        reading: $reading:literal;
        request: $request:expr;
        accept: [$($accept:expr),+ $(,)?]
        $(; line_end: $line_end:literal)?
        $(; behind: $behind:expr)?
        $(; protocols: $protocols:expr)?
        $(; extensions: $extensions:expr)?
        $(; cut: $cut:expr)?
        $(; needs: [$($need:expr),*])?
        $(;)?
    ) => {
        $crate::case::Case {
            id: $id,
            claim: $claim,
            source: $source,
            level: $crate::case::Level::$level,
            reading: $reading,
            needs: &[$crate::case::Need::Can($crate::testee::Capability::WebSocket), $($($need),*)?],
            sharing: $crate::case::Sharing::Shared,
            aliases: &[],
            budget: std::time::Duration::from_secs(8),
            check: $crate::case::Check::Knock($crate::case::Knock {
                request: $request,
                line_end: knock!(@or "\r\n" $(, $line_end)?),
                behind: knock!(@or b"" $(, $behind)?),
                protocols: knock!(@or &[] $(, $protocols)?),
                extensions: knock!(@or &[] $(, $extensions)?),
                cut: knock!(@or $crate::case::Cut::Whole $(, $cut)?),
                accept: &[$($accept),+],
            }),
        }
    };
    (@or $default:expr) => { $default };
    (@or $default:expr, $given:expr) => { $given };
}

/// A case that is bytes and a list of answers.
macro_rules! exchange {
    (
        $id:literal, $level:ident, $source:expr;
        claim: $claim:literal;
        reading: $reading:expr;
        send: $send:expr;
        accept: [$($accept:expr),+ $(,)?]
        $(; alias: $alias:literal)?
        $(; plan: $plan:ident)?
        $(; resume: $resume:literal)?
        $(; needs: [$($need:expr),*])?
        $(;)?
    ) => {
        $crate::case::Case {
            id: $id,
            claim: $claim,
            source: $source,
            level: $crate::case::Level::$level,
            reading: $reading,
            needs: &[$crate::case::Need::Can($crate::testee::Capability::Http), $($($need),*)?],
            sharing: $crate::case::Sharing::Shared,
            aliases: &[$($alias)?],
            budget: std::time::Duration::from_secs(8),
            check: $crate::case::Check::Exchange($crate::case::Exchange {
                send: $send,
                plan: exchange!(@plan $($plan)?),
                resume: exchange!(@resume $($resume)?),
                accept: &[$($accept),+],
            }),
        }
    };
    (@plan) => { $crate::case::Plan::Whole };
    (@plan $plan:ident) => { $crate::case::Plan::$plan };
    (@resume) => { None };
    (@resume $resume:literal) => { Some($resume) };
}

/// A request that has to be refused: 400, or a close without an answer; or one of the statuses that are listed, or a close.
macro_rules! refusal {
    ($id:literal, $rfc:literal, $section:literal; $claim:literal; $send:expr) => {
        refusal! { $id, $rfc, $section; $claim; $send; [400] }
    };
    ($id:literal, $rfc:literal, $section:literal; $claim:literal; $send:expr; [$($status:literal),+]) => {
        exchange! {
            $id, Must, $crate::case::Source::Rfc($rfc, $section);
            claim: $claim;
            reading: "Refused means one of the listed statuses, or a close without an answer.";
            send: $crate::case::Payload::Bytes($send);
            accept: [
                $($crate::case::prefer($crate::case::status($status))),+,
                $crate::case::prefer($crate::case::closed())
            ]
        }
    };
}

/// A message that does not match the grammar, where the RFC has no MUST for its recipient.
macro_rules! malformed {
    ($id:literal, $rfc:literal, $section:literal; $claim:literal; $send:expr) => {
        malformed! { $id, $rfc, $section; $claim; $send; [400] }
    };
    ($id:literal, $rfc:literal, $section:literal; $claim:literal; $send:expr; [$($status:literal),+]) => {
        exchange! {
            $id, Should, $crate::case::Source::Rfc($rfc, $section);
            claim: $claim;
            reading: $crate::suites::http::GRAMMAR;
            send: $crate::case::Payload::Bytes($send);
            accept: [
                $($crate::case::prefer($crate::case::status($status))),+,
                $crate::case::prefer($crate::case::closed())
            ]
        }
    };
}

/// A request that has to be answered, with its content where the testee echoes.
macro_rules! echo {
    ($id:literal, $rfc:literal, $section:literal; $claim:literal; $send:expr => $content:expr) => {
        exchange! {
            $id, Must, $crate::case::Source::Rfc($rfc, $section);
            claim: $claim;
            reading: "2xx, the content echoed where the testee echoes.";
            send: $crate::case::Payload::Bytes($send);
            accept: [$crate::case::prefer($crate::case::echoes($content))]
        }
    };
}
