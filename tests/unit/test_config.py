"""The configuration: what is read, what is refused, and in which words."""

from __future__ import annotations

import re
import tomllib
import traceback
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from digest import config_file
from digest.config import Settings
from digest.config_file import MASK, SECTIONS, shown
from digest.errors import ConfigError
from digest.resources import example_config


class Arxiv(BaseModel):
    """The keys of a kind of source."""

    model_config = ConfigDict(extra="forbid")

    categories: tuple[str, ...] = Field(min_length=1)
    max_results: int = Field(default=100, ge=1)
    api_key: SecretStr = SecretStr("")
    cache: Path = Path("cache")


OPTIONS: dict[str, type[BaseModel]] = {"arxiv": Arxiv}


def load(folder: Path, text: str = "", **environ: str) -> Settings:
    """Read a configuration of that text."""
    path = folder / "config.toml"
    path.write_text(text)
    return config_file.load(
        path,
        environ,
        source_options=OPTIONS.get,
        source_kinds=list(OPTIONS),
        transports=["smtp", "maildir"],
    )


def problems(folder: Path, text: str = "", **environ: str) -> tuple[str, ...]:
    """Return what is wrong with a configuration of that text."""
    with pytest.raises(ConfigError) as caught:
        load(folder, text, **environ)
    return caught.value.problems


def test_an_empty_file_is_the_defaults_with_their_paths_in_its_folder(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.schedule == Settings().schedule
    assert settings.site.secret_file == tmp_path / "secret.key"
    assert settings.smtp.maildir == tmp_path / "maildir"
    assert settings.database.url == f"sqlite:///{tmp_path}/digest.db"


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////var/lib/digest/digest.db",
        "sqlite:///:memory:",
        "sqlite://",
        "postgresql+psycopg://papers:word@db.example.org/papers",
    ],
)
def test_a_database_that_is_not_a_relative_file_stays_as_it_is(tmp_path: Path, url: str) -> None:
    assert load(tmp_path, f'[database]\nurl = "{url}"').database.url == url


def test_the_query_of_a_relative_database_file_stays(tmp_path: Path) -> None:
    url = load(tmp_path, '[database]\nurl = "sqlite:///a/b.db?timeout=9"').database.url
    assert url == f"sqlite:///{tmp_path}/a/b.db?timeout=9"


def test_every_problem_is_said_at_once(tmp_path: Path) -> None:
    text = """
    [smpt]
    host = "a"
    [smtp]
    prot = 25
    port = 70000
    security = "ssl"
    transport = "pigeon"
    [schedule]
    default_hour = 25
    timezone = "Mars/Olym"
    ingest_every = "soon"
    [site]
    base_url = "papers.example.org"
    from_address = "papers"
    """
    assert problems(tmp_path, text, DIGEST_WEB__PORT="many", DIGEST_SMTP_HOST="b") == (
        '[smpt]: unknown section; did you mean "smtp"?',
        'DIGEST_SMTP_HOST in the environment: unknown setting; did you mean "DIGEST_SMTP__HOST"?',
        '[site] base_url: must be an http(s) address, such as "https://papers.example.org"',
        '[site] from_address: must be an email address, such as "papers@example.org", is "papers"',
        '[schedule] timezone: must be a time zone, such as "UTC" or "Europe/Paris", is "Mars/Olym"',
        "[schedule] default_hour: must be at most 23, is 25",
        '[schedule] ingest_every: must be seconds, or a text like "30s", "15m", "1h", is "soon"',
        "[smtp] port: must be at most 65535, is 70000",
        '[smtp] security: must be "starttls", "tls" or "none", is "ssl"',
        '[smtp] prot: unknown key; did you mean "port"?',
        'DIGEST_WEB__PORT in the environment: must be a whole number, is "many"',
    )


def test_a_transport_that_nobody_knows_is_named_with_those_that_are(tmp_path: Path) -> None:
    assert problems(tmp_path, '[smtp]\ntransport = "pigeon"') == (
        '[smtp] transport: "pigeon" is unknown; known are "maildir", "smtp"',
    )


@pytest.mark.parametrize("url", ["ftp://a.example.org", "https://", "https://a.example.org/?q=1"])
def test_a_base_url_must_be_a_plain_web_address(tmp_path: Path, url: str) -> None:
    assert len(problems(tmp_path, f'[site]\nbase_url = "{url}"')) == 1


def test_a_base_url_loses_its_last_slash(tmp_path: Path) -> None:
    text = '[site]\nbase_url = "https://a.example.org/papers/"'
    assert load(tmp_path, text).site.base_url == "https://a.example.org/papers"


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        ("papers@localhost", True),
        ("papers@mail.test", True),
        ("papers@b\u00fccher.example.org", True),
        ("", False),
        ("papers@", False),
        ("papers@localhost.", False),
        ("Papers <papers@example.org>", False),
        ("papers@example.org\\nBcc: all@example.org", False),
        ("a@example.org, b@example.org", False),
    ],
)
def test_a_senders_address_must_be_one(tmp_path: Path, address: str, is_one: bool) -> None:
    text = f'[site]\nfrom_address = "{address}"'
    if is_one:
        assert load(tmp_path, text).site.from_address == address
    else:
        assert "must be an email address" in problems(tmp_path, text)[0]


@pytest.mark.parametrize("key", ["name", "from_name"])
def test_a_name_that_would_write_headers_is_refused(tmp_path: Path, key: str) -> None:
    text = f'[site]\n{key} = "Papers\\r\\nBcc: all@example.org"'
    assert "must be one line" in problems(tmp_path, text)[0]


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../UTC", "Europe", "europe/nowhere"])
def test_a_time_zone_must_exist(tmp_path: Path, name: str) -> None:
    assert "time zone" in problems(tmp_path, f'[schedule]\ntimezone = "{name}"')[0]


@pytest.mark.parametrize("key", ["ingest_every", "expire_after_hours"])
def test_a_time_has_an_end(tmp_path: Path, key: str) -> None:
    found = problems(tmp_path, f"[schedule]\n{key} = inf")
    assert found == (f"[schedule] {key}: must be a finite number, is inf",)


@pytest.mark.parametrize(
    ("setting", "most"),
    [
        ("[schedule]\ningest_every = 1e12", "31622400"),
        ("[schedule]\nexpire_after_hours = 1e12", "8784"),
        ('[delivery]\nbackoff = "400d"', "31622400"),
        ("[retention]\nunconfirmed_days = 10000000", "36600"),
        ("[retention]\nruns_days = 10000000", "36600"),
    ],
)
def test_no_time_ends_beyond_the_calendar(tmp_path: Path, setting: str, most: str) -> None:
    (said,) = problems(tmp_path, setting)
    assert f"must be at most {most}" in said


def test_a_file_that_is_not_toml_is_refused_with_the_line(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, "[site]\nname = \n")
    assert said.startswith(f"{tmp_path}/config.toml is not TOML")
    assert "line 2" in said


def test_a_section_that_is_a_key_is_refused(tmp_path: Path) -> None:
    said = problems(tmp_path, 'smtp = "localhost"\nsources = 3\nport = 1\n')
    known = [*SECTIONS, "sources"]
    assert said == (
        "port: stands in no section; known are " + ", ".join(f'"{each}"' for each in known),
        "[smtp]: must be a section: write [smtp] on its own line",
        "[[sources]]: begin each source with [[sources]] on its own line",
    )


# --- sources --------------------------------------------------------------------------------


def test_the_keys_of_a_source_are_checked_by_its_kind(tmp_path: Path) -> None:
    text = """
    [[sources]]
    name = "one"
    kind = "arxiv"
    catgories = ["cs.CL"]
    [[sources]]
    name = "two"
    kind = "arxif"
    [[sources]]
    kind = "arxiv"
    [[sources]]
    name = "three"
    kind = "arxiv"
    categories = []
    max_results = 0
    """
    assert problems(tmp_path, text) == (
        '[[sources "one"]] categories: is missing',
        '[[sources "one"]] catgories: unknown key; did you mean "categories"?',
        '[[sources "two"]] kind: "arxif" is unknown; did you mean "arxiv"?',
        "[[sources 3]] name: is missing",
        '[[sources "three"]] categories: needs at least 1',
        '[[sources "three"]] max_results: must be at least 1, is 0',
    )


def test_a_kind_that_cannot_be_loaded_is_a_problem_among_others(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[web]\nport = -1\n[[sources]]\nname = "a"\nkind = "broken"\n'
    )

    def options(kind: str) -> type[BaseModel] | None:
        raise ConfigError(f"the kind {kind} cannot be loaded")

    with pytest.raises(ConfigError) as caught:
        config_file.load(
            tmp_path / "config.toml",
            {},
            source_options=options,
            source_kinds=["broken"],
            transports=["smtp"],
        )
    assert caught.value.problems == (
        "[web] port: must be at least 0, is -1",
        "the kind broken cannot be loaded",
    )


def test_two_sources_of_one_name_are_refused(tmp_path: Path) -> None:
    table = '[[sources]]\nname = "a"\nkind = "arxiv"\ncategories = ["cs.CL"]\n'
    assert problems(tmp_path, table * 2) == (
        '[[sources]] name: "a" is the name of 2 sources; give each its own',
    )


def test_a_source_keeps_what_was_given_with_secrets_wrapped_and_paths_made_whole(
    tmp_path: Path,
) -> None:
    text = """
    [[sources]]
    name = "my arxiv"
    kind = "arxiv"
    categories = ["cs.CL"]
    api_key = "opensesame"
    cache = "there"
    """
    (source,) = load(tmp_path, text).sources
    assert source.options["categories"] == ["cs.CL"]
    assert source.options["cache"] == tmp_path / "there"
    assert Arxiv.model_validate(source.options).api_key.get_secret_value() == "opensesame"
    assert "max_results" not in source.options
    assert "opensesame" not in repr(source)


def test_a_key_of_a_source_can_be_set_from_the_environment(tmp_path: Path) -> None:
    text = '[[sources]]\nname = "my-arxiv"\nkind = "arxiv"\ncategories = ["cs.CL"]\n'
    settings = load(
        tmp_path,
        text,
        DIGEST_SOURCES__MY_ARXIV__CATEGORIES="cs.LG, cs.CV",
        DIGEST_SOURCES__MY_ARXIV__MAX_RESULTS="7",
    )
    options = Arxiv.model_validate(settings.sources[0].options)
    assert options.categories == ("cs.LG", "cs.CV")
    assert options.max_results == 7


# --- environment ----------------------------------------------------------------------------


def test_the_environment_has_the_last_word(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "[smtp]\nport = 25\nhost = 'a'\n[http]\nallow_hosts = ['a']",
        DIGEST_SMTP__PORT="2525",
        DIGEST_SMTP__PASSWORD="[a,b]",
        DIGEST_SCHEDULE__CATCH_UP="false",
        DIGEST_SCHEDULE__INGEST_EVERY="15m",
        DIGEST_RANKING__MIN_SCORE="0.25",
        DIGEST_HTTP__ALLOW_HOSTS='["127.0.0.1:1", "b"]',
        DIGEST_WEB__TRUSTED_PROXIES="10.0.0.1, 10.0.0.2",
        DIGEST_SITE__SECRET_FILE="keys/one",
        PATH="/bin",
    )
    assert (settings.smtp.host, settings.smtp.port) == ("a", 2525)
    assert settings.smtp.password.get_secret_value() == "[a,b]"
    assert settings.schedule.catch_up is False
    assert settings.schedule.ingest_every == 900
    assert settings.ranking.min_score == 0.25
    assert settings.http.allow_hosts == ("127.0.0.1:1", "b")
    assert settings.web.trusted_proxies == ("10.0.0.1", "10.0.0.2")
    assert settings.site.secret_file == tmp_path / "keys/one"


def test_names_that_are_no_settings_may_stand_in_the_environment(tmp_path: Path) -> None:
    load(tmp_path, DIGEST_CONFIG="x", DIGEST_SHARED_DATA="y", DIGEST_UPDATE_GOLDEN="1")


# --- secrets --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["password = 8675309", 'password = ["8675309"]'])
def test_a_password_that_is_wrong_is_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, f"[smtp]\n{text}")
    assert str(caught.value).startswith("[smtp] password: must be a")
    assert "8675309" not in "".join(traceback.format_exception(caught.value, chain=True))


def test_a_password_under_a_key_that_nobody_knows_is_not_repeated(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, '[smtp]\npasswort = "8675309"')
    assert said == '[smtp] passwort: unknown key; did you mean "password"?'


def test_two_passwords_are_one_too_many(tmp_path: Path) -> None:
    said = problems(tmp_path, '[smtp]\npassword_file = "p"', DIGEST_SMTP__PASSWORD="8675309")
    assert said == ("[smtp]: password and password_file are both set: keep one of them",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('dkim_selector = "a"', "go together: one of each for a key"),
        ('dkim_key_file = "a.pem"', "go together: one of each for a key"),
        ('dkim_selector = ["a", "b"]\ndkim_key_file = ["a.pem"]', "go together: one of each for"),
        ('dkim_selector = ["a", "A"]\ndkim_key_file = ["a.pem", "b.pem"]', "give each key its own"),
    ],
)
def test_each_dkim_key_needs_a_selector_of_its_own(tmp_path: Path, text: str, said: str) -> None:
    (problem,) = problems(tmp_path, f"[smtp]\n{text}")
    assert said in problem


def test_one_dkim_key_or_several_are_paths_in_the_folder_of_the_file(tmp_path: Path) -> None:
    one = load(tmp_path, '[smtp]\ndkim_selector = "a"\ndkim_key_file = "a.pem"').smtp
    assert (one.dkim_selector, one.dkim_key_file) == (("a",), (tmp_path / "a.pem",))
    two = load(tmp_path, DIGEST_SMTP__DKIM_SELECTOR="a, b", DIGEST_SMTP__DKIM_KEY_FILE="c, /d").smtp
    assert two.dkim_selector == ("a", "b")
    assert two.dkim_key_file == (tmp_path / "c", Path("/d"))


def test_what_is_shown_holds_no_secret(tmp_path: Path) -> None:
    text = """
    [database]
    url = "postgresql+psycopg://papers:8675309@db.example.org/papers"
    [smtp]
    password = "8675309"
    [[sources]]
    name = "a"
    kind = "arxiv"
    categories = ["cs.CL"]
    api_key = "8675309"
    """
    settings = load(tmp_path, text)
    view = shown(settings)
    assert "8675309" not in repr(view)
    assert "8675309" not in repr(settings.smtp)
    assert view["smtp"]["password"] == MASK
    assert view["database"]["url"] == f"postgresql+psycopg://papers:{MASK}@db.example.org/papers"
    assert view["smtp"]["password_file"] is None
    assert view["sources"][0]["api_key"] == MASK


def test_a_password_that_is_not_set_is_shown_as_such(tmp_path: Path) -> None:
    assert shown(load(tmp_path))["smtp"]["password"] == ""


# --- which file -----------------------------------------------------------------------------


def test_the_file_asked_for_comes_before_the_environments(tmp_path: Path) -> None:
    asked, other = tmp_path / "asked.toml", tmp_path / "other.toml"
    for path in (asked, other):
        path.touch()
    environ = {"DIGEST_CONFIG": str(other)}
    assert config_file.find(asked, environ) == asked
    assert config_file.find(None, environ) == other


def test_the_present_folder_comes_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").touch()
    assert config_file.find(None, {}) == Path("config.toml")


def test_a_file_that_is_not_there_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="config init"):
        config_file.find(tmp_path / "config.toml", {})
    with pytest.raises(ConfigError, match="config init"):
        config_file.find(None, {"DIGEST_CONFIG": str(tmp_path / "no.toml")})


def test_no_file_at_all_is_an_error_that_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config_file, "DEFAULT_PATHS", (Path("config.toml"),))
    with pytest.raises(ConfigError, match="digest config init"):
        config_file.find(None, {})


# --- the example ----------------------------------------------------------------------------


def test_the_example_holds_exactly_the_defaults() -> None:
    written = tomllib.loads(example_config().read_text())
    written.pop("sources")
    assert Settings.model_validate(written) == Settings()
    assert list(written) == [name for name in Settings.model_fields if name != "sources"]


def test_the_example_holds_every_key_once_each_with_a_comment_above_it() -> None:
    text = example_config().read_text()
    for name, model in SECTIONS.items():
        body = text.split(f"\n[{name}]\n")[1]
        body = re.split(r"^\[|^# \[\[", body, flags=re.MULTILINE)[0]
        for key, field in model.model_fields.items():
            mark = "# " if field.default is None else ""
            found = re.findall(rf"^# .*\n{mark}{key} = ", body, re.MULTILINE)
            assert len(found) == 1, f"[{name}] {key}"
        defaults = len(re.findall(r"^[a-z_]+ = ", body, re.MULTILINE))
        assert defaults == sum(field.default is not None for field in model.model_fields.values())


def test_a_return_path_has_room_for_its_token(tmp_path: Path) -> None:
    good = '[bounces]\nreturn_path = "bounce+{token}@example.org"'
    assert load(tmp_path, good).bounces.return_path == "bounce+{token}@example.org"
    for bad in (f"{'b' * 30}{{token}}@example.org", "{token}", "bounce+{other}@"):
        (problem,) = problems(tmp_path, f'[bounces]\nreturn_path = "{bad}"')
        assert "bounce+{token}@example.org" in problem
