"""What an entry of ``[knowledge] documents`` names: a folder, a repository, web pages, Feishu documents. Pure text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit, urlunsplit

WebScope = Literal["page", "below", "sitemap"]
FeishuScope = Literal["wiki", "docx", "folder"]

FORMS = (
    "a folder, git+https://host/owner/repo.git@branch#folder, git@host:owner/repo.git, git-tracked:FOLDER, "
    "https://site/page, https://site/docs/*, https://site/sitemap.xml, feishu:wiki/TOKEN, feishu:docx/TOKEN or "
    "feishu:folder/TOKEN"
)
_GIT_SCHEMES = ("https", "http", "ssh", "file")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SCP = re.compile(r"[\w.-]+@[\w.-]+:(?!/)\S+")
_REF = re.compile(r"[\w][\w./-]*")
_FEISHU_HOSTS = (".feishu.cn", ".larksuite.com", ".larkoffice.com")
_FEISHU_PATH = re.compile(r"/(wiki|docx|drive/folder)/(?:space/)?(\w+)/?")
_FEISHU_TOKEN = re.compile(r"\w{5,64}")


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """A folder, or a single file, read where it lies."""

    path: str


@dataclass(frozen=True, slots=True)
class TrackedEntry:
    """Of a folder that lies in a git work tree, the files that git tracks."""

    path: str


@dataclass(frozen=True, slots=True)
class GitEntry:
    """A repository: ``url`` as git takes it, branch or tag (empty: the default branch), folder within it."""

    url: str
    ref: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True)
class WebEntry:
    """One page, all pages below an address (``url`` then ends in ``/`` or in the prefix), or those of a sitemap."""

    scope: WebScope
    url: str


@dataclass(frozen=True, slots=True)
class FeishuEntry:
    """A wiki space or a node with what is below it, one document, or a folder of the drive.

    ``host`` is the organisation's site where the entry was given as an address; links lead there.
    """

    scope: FeishuScope
    token: str
    host: str = ""


Remote = GitEntry | TrackedEntry | WebEntry | FeishuEntry
Entry = FolderEntry | Remote


def parse_entry(text: str) -> Entry:
    """Read one entry.

    Raises:
        ValueError: it is none of the known forms; the message lists them.
    """
    if text.startswith("git+"):
        return _git(text.removeprefix("git+"), text)
    if text.startswith("git-tracked:"):
        return _tracked(text)
    if text.startswith("feishu:"):
        return _feishu(text)
    if text.startswith(("http://", "https://")):
        return _web(text)
    if _SCHEME.match(text):
        raise ValueError(f"{text!r} is no source of documents; an entry is {FORMS}")
    if _SCP.fullmatch(text) and not text.startswith("."):
        return _scp(text)
    return FolderEntry(text)


def refine(entry: Entry, resolve: Callable[[str], Path]) -> Entry:
    """The entry with its path resolved; a folder that is a bare repository becomes one."""
    if isinstance(entry, TrackedEntry):
        return TrackedEntry(str(resolve(entry.path)))
    if not isinstance(entry, FolderEntry):
        return entry
    path = resolve(entry.path)
    bare = (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()
    return GitEntry(str(path)) if bare else FolderEntry(str(path))


def name_of(entry: Remote) -> str:
    """The folder below ``data/sources`` that an entry is fetched into: readable, and another one for each entry."""
    key = repr(entry).encode()
    return f"{kind_of(entry)}-{_slug(prefix_of(entry).partition(':')[2])}-{hashlib.sha256(key).hexdigest()[:8]}"


def kind_of(entry: Remote) -> Literal["git", "web", "feishu"]:
    """What has to fetch it."""
    if isinstance(entry, GitEntry | TrackedEntry):
        return "git"
    return "web" if isinstance(entry, WebEntry) else "feishu"


def prefix_of(entry: Remote) -> str:
    """What the uris of its documents begin with. The colon keeps them apart from paths below a folder."""
    if isinstance(entry, TrackedEntry):
        return f"git:{Path(entry.path).name or 'root'}/"
    if isinstance(entry, GitEntry):
        place = "/".join(part for part in (_repository(entry.url), entry.ref.replace("/", "-"), entry.folder) if part)
        return f"git:{place}/"
    if isinstance(entry, WebEntry):
        return f"web:{urlsplit(entry.url).netloc.rpartition('@')[2].replace(':', '-')}/"
    return f"feishu:{entry.scope}-{entry.token}/"


def host_of(entry: Remote) -> str:
    """Whom it is fetched from; one source at a time for each."""
    if isinstance(entry, GitEntry):
        return _repository(entry.url).partition("/")[0]
    return urlsplit(entry.url).netloc if isinstance(entry, WebEntry) else kind_of(entry)


def public_url(url: str) -> str:
    """An address without the name and password that it may carry."""
    parts = urlsplit(url)
    if "@" not in parts.netloc or parts.scheme in ("", "ssh"):
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def web_address(entry: GitEntry) -> tuple[str, str] | None:
    """A repository's ``https://host/owner/repo`` and what stands before the commit, on hosts that are known."""
    host, slash, path = _repository(entry.url).partition("/")
    if not slash or path.count("/") < 1:
        return None
    if host in ("github.com", "gitee.com"):
        return f"https://{host}/{path}", "blob"
    if host == "gitlab.com" or host.startswith("gitlab."):
        return f"https://{host}/{path}", "-/blob"
    return None


def _repository(url: str) -> str:
    """``host/owner/repo``; for a local path its last name."""
    scp = _SCP.fullmatch(url)
    if scp and not _SCHEME.match(url):
        host, _, path = url.rpartition("@")[2].partition(":")
    else:
        parts = urlsplit(url)
        host, path = (parts.netloc.rpartition("@")[2], parts.path) if _SCHEME.match(url) else ("", url)
    path = unquote(path).strip("/").removesuffix(".git")
    return f"{host}/{path}" if host else path.rpartition("/")[2] or "repository"


def _git(text: str, whole: str) -> GitEntry:
    parts = urlsplit(text)
    if parts.scheme not in _GIT_SCHEMES or not parts.path.strip("/"):
        schemes = ", ".join(f"git+{scheme}://" for scheme in _GIT_SCHEMES)
        raise ValueError(f"{whole!r} is no repository; write {schemes} and its address")
    address, _, folder = text.partition("#")
    url, ref = _split_ref(address)
    return GitEntry(url, _checked_ref(ref, whole), _checked_folder(folder, whole))


def _scp(text: str) -> GitEntry:
    address, _, folder = text.partition("#")
    user, _, rest = address.partition("@")
    path, ref = _split_ref(rest)
    return GitEntry(f"{user}@{path}", _checked_ref(ref, text), _checked_folder(folder, text))


def _split_ref(address: str) -> tuple[str, str]:
    """``...git@branch``; without ``.git`` the branch has no slash, since an @ may stand in front of a host."""
    stem, mark, ref = address.partition(".git@")
    if mark:
        return f"{stem}.git", ref
    before, slash, last = address.rpartition("/")
    name, _, ref = last.partition("@")
    return (f"{before}{slash}{name}", ref) if slash else (address, "")


def _checked_ref(ref: str, whole: str) -> str:
    if ref and (not _REF.fullmatch(ref) or ".." in ref):
        raise ValueError(f"{whole!r}: {ref!r} is no name of a branch or tag")
    return ref


def _checked_folder(folder: str, whole: str) -> str:
    folder = folder.removeprefix("subdirectory=").strip("/")
    if any(part in ("..", ".git", "") for part in folder.split("/")) and folder:
        raise ValueError(f"{whole!r}: the folder behind # must lie within the repository")
    return folder


def _tracked(text: str) -> TrackedEntry:
    path = text.removeprefix("git-tracked:").strip()
    if not path:
        raise ValueError("git-tracked: needs a folder behind it, for example git-tracked:/srv/project")
    return TrackedEntry(path)


def _web(text: str) -> WebEntry | FeishuEntry:
    parts = urlsplit(text)
    try:
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{text!r} is no address: {error}") from None
    if not host:
        raise ValueError(f"{text!r} is no address: the host is missing")
    feishu = _FEISHU_PATH.fullmatch(parts.path)
    if feishu and host.endswith(_FEISHU_HOSTS):
        scope: FeishuScope = "folder" if feishu[1] == "drive/folder" else "wiki" if feishu[1] == "wiki" else "docx"
        return FeishuEntry(scope, feishu[2], host)
    url = urlunsplit(parts._replace(fragment="", path=parts.path or "/"))
    if url.endswith("*"):
        return WebEntry("below", url.rstrip("*"))
    if "*" in url:
        raise ValueError(f"{text!r}: a * may stand at the end only, for all pages below it")
    name = parts.path.rpartition("/")[2].lower()
    return WebEntry("sitemap" if name.endswith((".xml", ".xml.gz")) else "page", url)


def _feishu(text: str) -> FeishuEntry:
    scope, _, token = text.removeprefix("feishu:").partition("/")
    if scope not in ("wiki", "docx", "folder") or not _FEISHU_TOKEN.fullmatch(token):
        raise ValueError(
            f"{text!r} is no source of Feishu; write feishu:wiki/TOKEN, feishu:docx/TOKEN or feishu:folder/TOKEN, with "
            "the token from the document's address"
        )
    return FeishuEntry("wiki" if scope == "wiki" else "docx" if scope == "docx" else "folder", token)


def _slug(text: str) -> str:
    return re.sub(r"[^\w.-]+", "-", text).strip("-.")[:60] or "root"
