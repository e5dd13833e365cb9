//! How a case is written down: every field, in one order. What is left out does not compile.

/// A case that is a function.
macro_rules! act {
    (
        $id:literal, $level:ident, $source:expr;
        claim: $claim:literal;
        reading: $reading:literal;
        needs: [$($need:expr),* $(,)?]; $sharing:ident; seconds: $seconds:literal;
        accepts: [$($accept:literal),+ $(,)?];
        aliases: [$($alias:literal),* $(,)?];
        run: $run:path $(;)?
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

/// A case that is bytes and a list of answers.
macro_rules! exchange {
    (
        $id:literal, $level:ident, $source:expr;
        claim: $claim:literal;
        reading: $reading:expr;
        send: $send:expr;
        accept: [$($accept:expr),+ $(,)?];
        alias: $alias:literal
        $(; plan: $plan:ident)?
        $(; resume: $resume:literal)?
        $(;)?
    ) => {
        $crate::case::Case {
            id: $id,
            claim: $claim,
            source: $source,
            level: $crate::case::Level::$level,
            reading: $reading,
            needs: &[$crate::case::Need::Can($crate::testee::Capability::Http)],
            sharing: $crate::case::Sharing::Shared,
            aliases: &[$alias],
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
