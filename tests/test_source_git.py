"""Git repositories as sources: cloned, pulled, cut short, broken; real repositories and the real git."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from command_line import qunda

from bot.builder import BaseBuild, build_base
from bot.config import Settings, load
from bot.models import make_embedder
from bot.sources import git as git_module
from bot.sources.base import Limits, Shelf, SourceError
from bot.sources.entries import GitEntry
from bot.sources.git import fetch_repository
from rag.knowledge import Version, open_current

WHO = ("-c", "user.name=x", "-c", "user.email=x@y", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *WHO, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


class Repository:
    """A bare repository and a work tree that pushes to it."""

    def __init__(self, folder: Path) -> None:
        self.bare, self.tree = folder / "manual.git", folder / "tree"
        folder.mkdir(exist_ok=True)
        git(folder, "init", "-q", "--bare", "-b", "main", str(self.bare))
        git(folder, "clone", "-q", str(self.bare), str(self.tree))
        git(self.tree, "checkout", "-q", "-b", "main")

    def push(self, files: dict[str, str | None], *options: str) -> str:
        for name, text in files.items():
            path = self.tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink() if text is None else path.write_text(text, "utf-8")
        git(self.tree, "add", "-A")
        git(self.tree, "commit", "-q", "-m", "change")
        git(self.tree, "push", "-q", *options, "origin", "HEAD")
        return git(self.tree, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "remote")
    made.push({"README.md": "# Manual\n\nA manual.", "docs/install.md": "# Install\n\nRun the installer."})
    return made


def settings_for(folder: Path, *entries: object, **keys: object) -> Settings:
    lines = [f"documents = {', '.join(map(str, entries))}", *(f"{key} = {value}" for key, value in keys.items())]
    (folder / "config.ini").write_text("\n".join(["[knowledge]", *lines]), "utf-8")
    return load(folder / "config.ini", environ={})


def built(settings: Settings) -> tuple[BaseBuild, Version]:
    report = build_base(settings, "default")
    return report, open_current(settings.data / "knowledge", "default", make_embedder(settings).id)


def test_a_bare_repository_is_cloned_and_then_pulled_and_only_what_changed_is_built(
    tmp_path: Path, repository: Repository
) -> None:
    settings = settings_for(tmp_path, repository.bare)
    first, version = built(settings)
    assert list(version.manifest.documents) == ["git:manual/README.md", "git:manual/docs/install.md"]
    assert (first.added, first.sources[0].state) == (2, "fresh")
    repository.push({"docs/install.md": "# Install\n\nUse pip.", "docs/new.md": "# New\n\ntext", "README.md": None})
    second, version = built(settings)
    assert (second.added, second.changed, second.removed) == (1, 1, 1)
    assert "Use pip." in version.passage(0).text + version.passage(1).text
    third, _ = built(settings)
    assert third.unchanged_build and third.sources[0].state == "fresh"


def test_a_folder_beside_a_repository_keeps_its_uris(tmp_path: Path, repository: Repository) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A\n\ntext", "utf-8")
    assert list(built(settings_for(tmp_path, "docs"))[1].manifest.documents) == ["a.md"]
    report, version = built(settings_for(tmp_path, "docs", f"git+file://{repository.bare}@main#docs"))
    assert list(version.manifest.documents) == ["a.md", "git:manual/main/docs/install.md"]
    assert (report.added, report.changed, report.removed) == (1, 0, 0)


def test_a_forced_push_and_a_damaged_checkout_are_both_got_over(tmp_path: Path, repository: Repository) -> None:
    settings = settings_for(tmp_path, repository.bare)
    built(settings)
    git(repository.tree, "checkout", "-q", "--orphan", "other")
    repository.push({"docs/install.md": "# Install\n\nAnother history."}, "--force")
    git(repository.tree, "push", "-q", "--force", "origin", "other:main")
    report, version = built(settings)
    assert report.sources[0].state == "fresh"
    assert any("Another history." in version.passage(row).text for row in range(len(version)))
    checkout = next((tmp_path / "data" / "sources").glob("git-*/"))
    (checkout / ".git" / "HEAD").write_text("nonsense")
    (checkout / "README.md").write_text("# Tampered\n\nlocal", "utf-8")
    (checkout / "stray.md").write_text("# Stray\n\nlocal", "utf-8")
    report, version = built(settings)
    assert report.sources[0].state == "fresh"
    assert list(version.manifest.documents) == ["git:manual/README.md", "git:manual/docs/install.md"]
    assert not any("local" in version.passage(row).text for row in range(len(version)))


def test_a_repository_that_is_gone_keeps_its_last_checkout_and_the_build_goes_on(
    tmp_path: Path, repository: Repository
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A\n\ntext", "utf-8")
    address = f"git+file://{repository.bare}"
    settings = settings_for(tmp_path, "docs", address)
    built(settings)
    shutil.move(repository.bare, tmp_path / "elsewhere")
    (tmp_path / "docs" / "b.md").write_text("# B\n\nmore", "utf-8")
    report, version = built(settings)
    source = report.sources[0]
    assert (source.state, report.added, report.removed) == ("kept", 1, 0)
    assert "git says: fatal:" in source.detail
    assert "git:manual/README.md" in version.manifest.documents
    done = qunda("build", "--config", tmp_path / "config.ini", cwd=tmp_path)
    assert done.status == 0
    assert f"! file://{repository.bare} could not be fetched: git says: fatal:" in done.out
    assert "the last copy stays in use" in done.out


def test_a_repository_that_never_came_is_told_and_the_rest_is_built(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# A\n\ntext", "utf-8")
    report, version = built(settings_for(tmp_path, "docs", f"git+file://{tmp_path}/nix.git"))
    assert report.sources[0].state == "failed" and "git says" in report.sources[0].detail
    assert list(version.manifest.documents) == ["a.md"]
    alone = qunda("build", f"git+file://{tmp_path}/nix.git", "--data", tmp_path / "other", cwd=tmp_path)
    assert (alone.status, "there is nothing to build from" in alone.err, "nix.git" in alone.err) == (1, True, True)


def test_links_of_the_repository_lead_to_no_file_of_this_machine(tmp_path: Path, repository: Repository) -> None:
    (tmp_path / "secret.md").write_text("# Secret\n\nthe password", "utf-8")
    (repository.tree / "leak.md").symlink_to(tmp_path / "secret.md")
    (repository.tree / "all").symlink_to(tmp_path)
    repository.push({"docs/more.md": "# More\n\ntext"})
    _, version = built(settings_for(tmp_path, repository.bare))
    assert not any("the password" in version.passage(row).text for row in range(len(version)))


def test_hooks_submodules_and_filters_of_a_repository_run_nothing(tmp_path: Path, repository: Repository) -> None:
    ran = tmp_path / "ran"
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-checkout", "post-merge", "reference-transaction", "pre-auto-gc"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {ran}\n")
        (hooks / name).chmod(0o755)
    settings = settings_for(tmp_path, repository.bare)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f"[core]\n\thooksPath = {hooks}\n[init]\n\ttemplateDir = {hooks}\n")
    (repository.tree / ".gitmodules").write_text(f'[submodule "s"]\n\tpath = s\n\turl = {tmp_path / "nix.git"}\n')
    git(repository.tree, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},s")
    repository.push({"a.md": "# A\n\ntext"})
    done = qunda("build", "--config", settings.path, cwd=tmp_path, env={"HOME": str(home)})
    assert done.status == 0 and "3 documents" in done.out, done.out + done.err
    assert not ran.exists()


async def test_what_is_too_large_is_refused_before_it_is_unpacked(tmp_path: Path, repository: Repository) -> None:
    shelf = Shelf(tmp_path / "sources", "git-x")
    entry = GitEntry(str(repository.bare))
    await fetch_repository(entry, shelf, Limits(max_source_mb=1))
    repository.push({"huge.md": "many words " * 300_000})  # packs to a few kilobytes
    with pytest.raises(SourceError, match="larger than 1 MB"):
        await fetch_repository(entry, shelf, Limits(max_source_mb=1))
    assert sorted(path.name for path in shelf.folder.iterdir()) == [".git", "README.md", "docs"]


async def test_a_download_is_stopped_at_the_limit(
    tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository.tree / "noise.bin").write_bytes(os.urandom(8_000_000))
    repository.push({"a.md": "# A\n\ntext"})
    monkeypatch.setattr(git_module, "LOOK_S", 0.01)
    with pytest.raises(SourceError, match=r"larger than 0\.1 MB"):
        await fetch_repository(GitEntry(str(repository.bare)), Shelf(tmp_path / "s", "x"), Limits(max_source_mb=0.1))


async def test_a_server_that_never_answers_ends_at_the_time_limit(tmp_path: Path) -> None:
    silent = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await silent.wait()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    entry = GitEntry(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/o/r.git")
    with pytest.raises(SourceError, match=r"within 0\.5 s"):
        await fetch_repository(entry, Shelf(tmp_path / "s", "x"), Limits(source_timeout_s=0.5))
    silent.set()
    server.close()
    await server.wait_closed()


async def test_a_repository_that_asks_for_a_password_fails_at_once(tmp_path: Path) -> None:
    from aiohttp import web

    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="x"'})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", refuse)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host = f"127.0.0.1:{runner.addresses[0][1]}"
    entry = GitEntry(f"http://robot:hunter2@{host}/o/r.git")
    with pytest.raises(SourceError, match="git says") as error:
        await fetch_repository(entry, Shelf(tmp_path / "s", "x"), Limits())
    assert "hunter2" not in str(error.value)
    await runner.cleanup()


def test_of_a_work_tree_the_tracked_files_are_read_as_they_are_saved(tmp_path: Path, repository: Repository) -> None:
    (repository.tree / "untracked.md").write_text("# Untracked\n\nno", "utf-8")
    (repository.tree / "docs" / "install.md").write_text("# Install\n\nNot committed yet.", "utf-8")
    settings = settings_for(tmp_path, f"git-tracked:{repository.tree}")
    report, version = built(settings)
    assert list(version.manifest.documents) == ["git:tree/README.md", "git:tree/docs/install.md"]
    assert any("Not committed yet." in version.passage(row).text for row in range(len(version)))
    assert report.sources[0].documents == 2
    (repository.tree / "README.md").unlink()
    assert built(settings)[0].removed == 1
    (tmp_path / "plain").mkdir()
    report, _ = built(settings_for(tmp_path, repository.bare, f"git-tracked:{tmp_path / 'plain'}"))
    assert [source.state for source in report.sources] == ["fresh", "failed"]


def test_citations_lead_to_the_page_of_the_file_at_its_commit(
    tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host is rewritten to the local repository by git's own configuration."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f'[url "{repository.bare}"]\n\tinsteadOf = https://github.com/acme/manual.git\n')
    commit = repository.push({"docs/how to.md": "# How to\n\nPress the green button twice to restart the pump."})
    settings = settings_for(tmp_path, "git+https://github.com/acme/manual.git@main#docs")
    env = {"HOME": str(home)}
    assert qunda("build", "--config", settings.path, cwd=tmp_path, env=env).status == 0
    asked = qunda("ask", "--json", "--mention", "how do I restart the pump", "--config", settings.path, cwd=tmp_path)
    citations = json.loads(asked.out)["citations"]
    assert citations[0]["uri"] == f"https://github.com/acme/manual/blob/{commit}/docs/how%20to.md#how-to"
    repository.push({"other.md": "# Other\n\nnot in docs"})
    again = json.loads(qunda("build", "--config", settings.path, "--json", cwd=tmp_path, env=env).out)
    assert (again["unchanged_build"], again["sources"][0]["state"]) == (True, "fresh")
