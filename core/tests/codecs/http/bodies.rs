//! What a request says: path, query, cookies, forms, parts.

use proptest::prelude::*;
use workerspec_core::protocol::http::{Cookie, Multipart, MultipartError, Response};

use super::{GET, asked, seen, sent};

#[test]
fn the_path_is_decoded_once() {
    let decoded = |target: &str| {
        seen(&format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n"), |request| request.decoded_path())
    };
    assert_eq!(decoded("/a%20b/%C3%A9?q=%20").as_deref(), Some("/a b/é"));
    assert_eq!(decoded("/%252e").as_deref(), Some("/%2e"));
    for bad in ["/%", "/%2", "/%zz", "/%ff"] {
        assert_eq!(decoded(bad), None, "{bad}");
    }
}

#[test]
fn a_request_can_be_looked_at_in_parts_and_whole() {
    // HTTP-20, HTTP-21
    let request = "POST /p?a=1&a=2&b[]=x+y&c HTTP/1.1\r\nHost: example.org:8080\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 2\r\n\r\nhi";
    seen(request, |seen| {
        assert_eq!((seen.host(), seen.host_name()), (Some("example.org:8080"), Some("example.org")));
        assert_eq!(seen.joined("X-A").as_deref(), Some(&b"1,2"[..]));
        assert_eq!(seen.joined("X-B"), None);
        assert_eq!(
            (seen.raw_head(), seen.raw()),
            (&request.as_bytes()[..request.len() - 2], request.as_bytes())
        );
        // HTTP-22: of several the last; `+` is a blank.
        let form = seen.query_form();
        assert_eq!(
            (form.get("a"), form.get("b[]"), form.get("c"), form.get("d")),
            (Some("2"), Some("x y"), Some(""), None)
        );
        assert_eq!(form.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(form.iter().count(), 4);
    });
    let brackets = "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n";
    seen(brackets, |request| assert_eq!(request.host_name(), Some("[::1]")));
}

#[test]
fn cookies_are_split_at_semicolons_and_the_last_wins() {
    // HTTP-23
    let request = "GET / HTTP/1.1\r\nHost: x\r\nCookie: a=1; b = 2=3 ;c; a=%20\r\nCookie: d=4\r\n\r\n";
    seen(request, |request| {
        assert_eq!(
            request.cookies().collect::<Vec<_>>(),
            [("a", "1"), ("b", " 2=3 "), ("a", "%20"), ("d", "4")]
        );
        assert_eq!((request.cookie("a"), request.cookie("c")), (Some("%20"), None));
    });
}

#[test]
fn each_cookie_has_a_line_of_its_own() {
    // HTTP-34
    let response =
        Response::new(200).cookie(&Cookie::new("a", "1")).cookie(&Cookie::new("b", "2").http_only());
    let text = sent(&mut asked(GET), response.cookie(&Cookie::new("bad name", "3"))).0;
    assert!(text.contains("\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2; HttpOnly\r\nContent-Length"), "{text}");
}

#[test]
fn a_body_is_a_form_if_its_type_says_so() {
    // HTTP-24, HTTP-25, SF-44: the type decides, and nothing is remembered.
    let body = |kind: &str| {
        let request = format!("POST / HTTP/1.1\r\nHost: x\r\n{kind}Content-Length: 7\r\n\r\na=1%26b");
        seen(&request, |request| request.form().get("a").map(str::to_owned))
    };
    assert_eq!(
        body("Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n").as_deref(),
        Some("1&b")
    );
    assert_eq!(body("").as_deref(), Some("1&b"));
    assert_eq!(body("Content-Type: application/json\r\n"), None);
}

fn parts(content_type: &str, body: &str) -> Result<Vec<(String, Option<String>, String)>, MultipartError> {
    Ok(Multipart::read(content_type.as_bytes(), body.as_bytes())?
        .parts()
        .iter()
        .map(|part| (part.name().to_owned(), part.file_name().map(str::to_owned), part.text().into_owned()))
        .collect())
}

const TYPE: &str = "multipart/form-data; boundary=B";

#[test]
fn fields_and_files_are_parts() {
    // MULTI-1, MULTI-2, MULTI-6: read when it is asked for
    let body = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\ntwo\r\n--B\r\n\
                Content-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\nContent-Type: text/plain\r\n\r\n\
                data\r\n--B--\r\n";
    let expected = vec![
        ("a".to_owned(), None, "one\r\ntwo".to_owned()),
        ("f".to_owned(), Some("x.txt".to_owned()), "data".to_owned()),
    ];
    assert_eq!(parts(TYPE, body), Ok(expected));
    let multipart = Multipart::read(TYPE.as_bytes(), body.as_bytes()).expect("two parts");
    assert_eq!(multipart.get("f").and_then(|part| part.content_type()), Some(&b"text/plain"[..]));
    assert!(multipart.get("g").is_none());
}

#[test]
fn clients_may_write_their_parts_in_their_own_way() {
    // MULTI-4, MULTI-5, SF-59: parameters behind the boundary, a preamble, `filename` before `name`, no blank
    // behind the colon, blanks behind a boundary, an epilogue, quotes in names.
    let one = |body: &str| {
        parts("Multipart/Form-Data; charset=utf-8; boundary=\"B C\"; x=y", body).expect("a part")
    };
    let body = "preamble\r\n--B C \t\r\ncontent-disposition:form-data;filename=\"a\\\"b%22.txt\";name=f\r\n\r\n\r\n--B C--epilogue";
    assert_eq!(one(body), [("f".to_owned(), Some("a\"b\".txt".to_owned()), String::new())]);
    let windows = "--B C\r\nContent-Disposition: form-data; name=\"f\"; filename=\"C:\\dir\\x.txt\"\r\n\r\na\r\n--B C--";
    assert_eq!(one(windows)[0].1.as_deref(), Some("C:\\dir\\x.txt"));
    // What looks like a boundary within a line, or half of one, is content.
    let within = "--B C\r\nContent-Disposition: form-data; name=f\r\n\r\n--B C\r\n--B \r\n--B C--";
    assert_eq!(one(within)[0].2, "--B C\r\n--B ");
}

#[test]
fn what_is_no_multipart_is_said_to_be_none() {
    let part = "--B\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n";
    for (kind, body, error) in [
        ("text/plain; boundary=B", "--B--".to_owned(), MultipartError::OtherType),
        ("", "--B--".to_owned(), MultipartError::OtherType),
        ("multipart/form-data", "--B--".to_owned(), MultipartError::Boundary),
        ("multipart/form-data; boundary=", "--B--".to_owned(), MultipartError::Boundary),
        ("multipart/form-data; boundary=\"a\u{7f}\"", "--B--".to_owned(), MultipartError::Boundary),
        (TYPE, String::new(), MultipartError::Delimiter),
        (TYPE, part.to_owned(), MultipartError::Delimiter),
        (TYPE, format!("{part}--Bx"), MultipartError::Delimiter),
        (TYPE, format!("{part}--B\r\n\r\nno name\r\n--B--"), MultipartError::Header(2)),
        (
            TYPE,
            "--B\r\nContent-Disposition: attachment; name=a\r\n\r\n\r\n--B--".to_owned(),
            MultipartError::Header(1),
        ),
        (TYPE, format!("{}--B--", part.repeat(1025)), MultipartError::TooMany),
    ] {
        assert_eq!(parts(kind, &body), Err(error), "{kind}: {}", &body[..body.len().min(80)]);
    }
    // MULTI-7: that many are read.
    assert_eq!(parts(TYPE, &format!("{}--B--", part.repeat(1024))).map(|parts| parts.len()), Ok(1024));
    assert_eq!(parts(TYPE, "--B--"), Ok(Vec::new()));
}

proptest! {
    #[test]
    fn what_was_put_together_is_taken_apart(bodies in prop::collection::vec(prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'-'), any::<u8>()], 0..30), 0..6)) {
        let mut bytes = Vec::new();
        for (number, body) in bodies.iter().enumerate() {
            bytes.extend_from_slice(format!("--boundary\r\nContent-Disposition: form-data; name=\"{number}\"\r\n\r\n").as_bytes());
            bytes.extend_from_slice(body);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"--boundary--\r\n");
        let read = Multipart::read(b"multipart/form-data; boundary=boundary", &bytes).expect("well-formed");
        let got: Vec<Vec<u8>> = read.parts().iter().map(|part| part.body().to_vec()).collect();
        prop_assert_eq!(got, bodies);
    }

    #[test]
    fn any_bytes_are_judged_without_a_panic(bytes in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'-'), Just(b'B'), Just(b'"'), Just(b';'), any::<u8>()], 0..200)) {
        let _ = Multipart::read(TYPE.as_bytes(), &bytes);
        let _ = Multipart::read(&bytes, b"--B--");
        let _ = Multipart::read(TYPE.as_bytes(), &[b"--B\r\nContent-Disposition:", &bytes[..], b"\r\n\r\n\r\n--B--"].concat());
    }
}
