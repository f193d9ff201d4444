"""Names of environment variables that are settings."""

from pathlib import Path

import pytest

from pacsberry.config import load
from pacsberry.config.node import Origin, planted
from pacsberry.config.table import TABLE
from pacsberry.config.variables import is_variable, path_of, variable_of
from pacsberry.errors import ConfigError
from tests.config.settings import NOWHERE

ORIGIN = Origin("here", Path("/"))


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("StableAge", "ORTHANC__STABLE_AGE"),
        ("DicomWeb.Root", "ORTHANC__DICOM_WEB__ROOT"),
        ("CaseSensitivePN", "ORTHANC__CASE_SENSITIVE_PN"),
        ("HttpsCACertificates", "ORTHANC__HTTPS_CA_CERTIFICATES"),
        ("StoreMD5ForAttachments", "ORTHANC__STORE_MD5_FOR_ATTACHMENTS"),
        ("PostgreSQL", "ORTHANC__POSTGRESQL"),
        ("MySQL", "ORTHANC__MYSQL"),
        ("OHIF", "ORTHANC__OHIF"),
        ("Warnings.W003_DecoderFailure", "ORTHANC__WARNINGS__W003_DECODER_FAILURE"),
        ("Pacsberry.MaximumAssociations", "ORTHANC__PACSBERRY__MAXIMUM_ASSOCIATIONS"),
    ],
)
def test_a_setting_has_the_variable_the_container_images_use(name: str, variable: str) -> None:
    assert variable_of(name) == variable


@pytest.mark.parametrize("name", TABLE)
def test_every_variable_leads_back_to_its_setting(name: str) -> None:
    assert ".".join(path_of(variable_of(name), {})) == name


@pytest.mark.parametrize("name", ["ORTHANC_NAME", "ORTHANC__", "ORTHANC", "XORTHANC__NAME", "ORTHANC_JSON_X"])
def test_other_variables_are_not_settings(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("x")

    settings = load([], folder=tmp_path, environ={name: "x", f"{name}_SECRET": "/none"}, layered=True, secrets=tmp_path)

    assert not is_variable(name)
    assert not any(settings.is_set(setting) for setting in settings)


def test_underscores_within_a_level_do_not_matter() -> None:
    assert path_of("ORTHANC__ORTHANC_EXPLORER_2", {}) == ("OrthancExplorer2",)


def test_names_in_the_files_are_found_and_new_ones_are_made_up() -> None:
    known = {"DicomModalities": planted({"my-ct_1": []}, ORIGIN)}

    assert path_of("ORTHANC__DICOM_MODALITIES__MY-CT_1", known) == ("DicomModalities", "my-ct_1")
    assert path_of("ORTHANC__DICOM_MODALITIES__MY_MR", known) == ("DicomModalities", "MyMr")
    assert path_of("ORTHANC__SOMETHING_NEW__X", {}) == ("SomethingNew", "X")


@pytest.mark.parametrize("variable", ["ORTHANC__A____B", "ORTHANC__" + "__".join("ABCDEFGHIJ")])
def test_what_cannot_be_a_name_is_refused(variable: str) -> None:
    with pytest.raises(ConfigError, match=variable):
        path_of(variable, {})


def load_variable(tmp_path: Path, variable: str, text: str, name: str) -> object:
    settings = load([], folder=tmp_path, environ={variable: text}, layered=True, secrets=NOWHERE)
    assert settings.origin(name) == variable
    return settings[name]


def test_a_value_is_json_when_it_can_be_and_text_when_it_has_to_be(tmp_path: Path) -> None:
    assert load_variable(tmp_path, "ORTHANC__HTTP_PORT", "81", "HttpPort") == 81
    assert load_variable(tmp_path, "ORTHANC__READ_ONLY", "true", "ReadOnly") is True
    assert load_variable(tmp_path, "ORTHANC__NAME", "true", "Name") == "true"
    assert load_variable(tmp_path, "ORTHANC__NAME", "007", "Name") == "007"
    assert load_variable(tmp_path, "ORTHANC__NAME", '"quoted"', "Name") == "quoted"
    assert load_variable(tmp_path, "ORTHANC__DICOM_AET", "12", "DicomAet") == "12"
    assert load_variable(tmp_path, "ORTHANC__SSL_CERTIFICATE", "2", "SslCertificate") == tmp_path / "2"
    assert load_variable(tmp_path, "ORTHANC__REGISTERED_USERS", '{"a": "x"}', "RegisteredUsers") == {"a": "x"}


def test_a_member_of_an_object_can_be_set(tmp_path: Path) -> None:
    environ = {"ORTHANC__DICOM_MODALITIES__CT": '["CT1", "ct", 104]', "ORTHANC__REGISTERED_USERS__ALICE": "12"}

    with pytest.raises(
        ConfigError, match=r"RegisteredUsers\.Alice \(ORTHANC__REGISTERED_USERS__ALICE\): found a number"
    ):
        load([], folder=tmp_path, environ=environ, layered=True, secrets=NOWHERE)
    environ["ORTHANC__REGISTERED_USERS__ALICE"] = "twelve"
    settings = load([], folder=tmp_path, environ=environ, layered=True, secrets=NOWHERE)
    assert settings.modalities["Ct"].port == 104
    assert settings.users == {"Alice": "twelve"}


def test_a_wrong_value_names_its_variable(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^HttpPort \(ORTHANC__HTTP_PORT\): found \"x\", expected a whole number"):
        load_variable(tmp_path, "ORTHANC__HTTP_PORT", "x", "HttpPort")


def test_an_unknown_variable_is_noted_as_any_unknown_key(tmp_path: Path) -> None:
    settings = load([], folder=tmp_path, environ={"ORTHANC__STABEL_AGE": "5"}, layered=True, secrets=NOWHERE)

    assert settings.notes == (
        'Unknown setting "StabelAge" (ORTHANC__STABEL_AGE) is ignored; did you mean "StableAge"?',
    )
