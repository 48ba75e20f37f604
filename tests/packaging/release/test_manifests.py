"""The manifests of a release, its record for updates, and the sums of its files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from preheat.updates.release import parse_release
from project import Project, check_tag
from release.checksums import NAME, write_checksums
from release.manifests import release_files, write_manifests
from setup_step import SetupError, sha256

HOMEPAGE = "https://example.org/preheat"
PROJECT = Project("1.2.3", "Keeps models ready.", "The authors", "MIT", HOMEPAGE, f"{HOMEPAGE}/issues")
DATE = "2026-12-31"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    for name in release_files(PROJECT.version).values():
        (tmp_path / name).write_text(name)
    return tmp_path


def test_every_manifest_is_complete(dist: Path) -> None:
    names = {path.name for path in write_manifests(dist, DATE, PROJECT)}

    assert names == {
        "Preheat.Preheat.yaml",
        "Preheat.Preheat.installer.yaml",
        "Preheat.Preheat.locale.en-US.yaml",
        "preheat.rb",
        "release.json",
    }
    assert not [name for name in names if "$" in (dist / name).read_text().replace("$schema", "")]


def test_winget_gets_the_installer_and_its_sum(dist: Path) -> None:
    write_manifests(dist, DATE, PROJECT)
    manifests = [yaml.safe_load(path.read_text()) for path in sorted(dist.glob("*.yaml"))]
    setup = release_files("1.2.3")["windows"]

    assert {manifest["PackageIdentifier"] for manifest in manifests} == {"Preheat.Preheat"}
    assert {manifest["PackageVersion"] for manifest in manifests} == {"1.2.3"}
    assert {manifest["ManifestType"] for manifest in manifests} == {"version", "installer", "defaultLocale"}
    assert manifests[0]["Installers"] == [
        {
            "Architecture": "x64",
            "InstallerUrl": f"{HOMEPAGE}/releases/download/v1.2.3/{setup}",
            "InstallerSha256": sha256(dist / setup).upper(),
        }
    ]


def test_homebrew_gets_the_sums_of_both_images(dist: Path) -> None:
    write_manifests(dist, DATE, PROJECT)
    cask = (dist / "preheat.rb").read_text()

    assert 'version "1.2.3"' in cask
    for machine, key in (("arm:   ", "macos_arm64"), ("intel: ", "macos_x86_64")):
        assert f'{machine}"{sha256(dist / release_files("1.2.3")[key])}"' in cask


def test_installed_copies_can_read_the_record(dist: Path) -> None:
    write_manifests(dist, DATE, PROJECT)

    release = parse_release((dist / "release.json").read_bytes())

    assert (release.version, release.url) == ("1.2.3", f"{HOMEPAGE}/releases/tag/v1.2.3")
    assert json.loads((dist / "release.json").read_text())["date"] == DATE


def test_a_missing_package_is_named(dist: Path) -> None:
    (dist / release_files("1.2.3")["macos_arm64"]).unlink()

    with pytest.raises(SetupError, match=r"preheat-1\.2\.3-macos-arm64\.dmg"):
        write_manifests(dist, DATE, PROJECT)


def test_sums_are_of_the_packages_alone(tmp_path: Path) -> None:
    (tmp_path / "preheat").mkdir()
    for name in ("b.deb", "a.whl", "package-test.log"):
        (tmp_path / name).write_text(name)
    write_checksums(tmp_path)

    assert write_checksums(tmp_path).read_text().splitlines() == [
        f"{sha256(tmp_path / 'a.whl')}  a.whl",
        f"{sha256(tmp_path / 'b.deb')}  b.deb",
    ]


def test_an_empty_folder_has_no_sums(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no packages"):
        write_checksums(tmp_path)
    assert not (tmp_path / NAME).exists()


def test_a_tag_names_the_version() -> None:
    check_tag("v1.2.3", "1.2.3")
    with pytest.raises(SetupError, match=r"v1\.2\.4"):
        check_tag("v1.2.4", "1.2.3")
