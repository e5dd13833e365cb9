//! A folder of files as a web site.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

use super::request::Request;
use super::response::Response;

/// A folder whose files are served, and nothing outside of it (FILE-1 to FILE-4).
///
/// The kernel keeps the walls: a path, or a symbolic link on it, that leads out of the folder is not followed
/// (openat2, `RESOLVE_BENEATH`), whatever happens in the folder meanwhile. Names that begin with a dot are not
/// served, but for `.well-known`.
///
/// ```no_run
/// use workerspec_core::Service;
/// use workerspec_core::protocol::http::WebRoot;
///
/// # fn main() -> std::io::Result<()> {
/// let site = WebRoot::new("public")?;
/// let _service = Service::http("127.0.0.1:8080").on_message(move |conn, request| {
///     conn.send(site.respond(&request));
/// });
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct WebRoot {
    folder: Arc<File>,
}

/// What a path names.
enum Found {
    File(File),
    Folder,
}

impl WebRoot {
    /// The web site in that folder.
    ///
    /// # Errors
    /// Where the folder cannot be opened, or is none.
    pub fn new(folder: impl AsRef<Path>) -> io::Result<Self> {
        let folder = File::open(folder)?;
        if !folder.metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { folder: Arc::new(folder) })
    }

    /// The response to a request: a file, `index.html` of a folder, a redirect to a folder's own path, or 403,
    /// 404, 405.
    pub fn respond(&self, request: &Request<'_>) -> Response {
        if !matches!(request.method(), "GET" | "HEAD") {
            return Response::new(405).header("Allow", "GET, HEAD");
        }
        let Some(segments) = segments(request.path()) else { return Response::not_found() };
        let is_folder = request.path().ends_with('/');
        match self.find(&segments) {
            Ok(Found::File(_)) if is_folder => Response::not_found(),
            Ok(Found::File(file)) => {
                Response::open_file(file, segments.last().map_or("".as_ref(), |name| OsStr::from_bytes(name)))
            }
            Ok(Found::Folder) if !is_folder => redirect(&segments, request.query()),
            Ok(Found::Folder) => {
                let index = [&segments[..], &[b"index.html".to_vec()]].concat();
                match self.find(&index) {
                    Ok(Found::File(file)) => Response::open_file(file, "index.html".as_ref()),
                    // What is in a folder is nobody's business.
                    _ => Response::forbidden(),
                }
            }
            Err(error) => refused(error),
        }
    }

    fn find(&self, segments: &[Vec<u8>]) -> io::Result<Found> {
        let path = if segments.is_empty() { b".".to_vec() } else { segments.join(&b'/') };
        // A pipe that nobody writes to would block otherwise; regular files do not mind.
        let how = OpenHow::new()
            .flags(OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY)
            .resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS);
        let file = File::from(openat2(&*self.folder, OsStr::from_bytes(&path), how)?);
        let kind = file.metadata()?.file_type();
        match (kind.is_file(), kind.is_dir()) {
            (true, _) => Ok(Found::File(file)),
            (_, true) => Ok(Found::Folder),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

fn refused(error: io::Error) -> Response {
    match error.raw_os_error() {
        Some(libc::EACCES | libc::EPERM | libc::EXDEV | libc::ELOOP) => Response::forbidden(),
        Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM | libc::EAGAIN) => {
            tracing::warn!(%error, "a file cannot be opened for now");
            Response::new(503)
        }
        _ => Response::not_found(),
    }
}

/// The names of a path, decoded once. `None`: one that is no name, or a hidden one.
fn segments(path: &str) -> Option<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let name = super::target::percent_decode(segment)?;
        let hidden = name.starts_with(b".") && name != b".well-known";
        if hidden || name.iter().any(|octet| matches!(octet, 0 | b'/')) {
            return None;
        }
        names.push(name);
    }
    Some(names)
}

/// To the folder's own path, which is built anew: one that began with two slashes would name a host.
fn redirect(segments: &[Vec<u8>], query: &str) -> Response {
    let mut target: String =
        segments.iter().map(|name| format!("/{}", percent_encode(name, NO_SEGMENT))).collect();
    target.push('/');
    if !query.is_empty() {
        target.push('?');
        target.push_str(query);
    }
    Response::new(301).header("Location", target)
}

/// What cannot stand in a segment of a path as it is (RFC 3986 3.3), and what browsers take for a slash.
const NO_SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
