"""One repository has one identity on all hosts."""

from __future__ import annotations

import pytest

from oxtail.core import repository
from oxtail.core.names import named_project_key

SAME = (
    "https://github.com/acme/tool.git",
    "https://github.com/acme/tool",
    "https://github.com/acme/tool/",
    "https://github.com//acme//tool.git/",
    "https://user:secret@GitHub.com:443/acme/tool.git",
    "http://github.com/acme/tool",
    "ssh://git@github.com/acme/tool.git",
    "ssh://git@github.com:22/acme/tool.git",
    "ssh://git@ssh.github.com:443/acme/tool.git",
    "git+ssh://git@github.com/acme/tool.git",
    "git://github.com/acme/tool.git",
    "git@github.com:acme/tool.git",
    "git@github.com:/acme/tool.git",
    "github.com:acme/tool",
    "  git@github.com:acme/tool.git\n",
    "https://github.com./acme/t%6Fol.git",
    "SSH://git@GITHUB.COM/acme/tool",
)


@pytest.mark.parametrize("url", SAME)
def test_all_ways_to_write_a_url_are_one_identity(url: str):
    assert repository.identity(url) == "github.com/acme/tool"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/a/b/c/d.git", "example.org/a/b/c/d"),
        ("ssh://git@[::1]:2222/a/b", "[::1]/a/b"),
        ("git@[::1]:a/b.git", "[::1]/a/b"),
        ("https://example.org/~ann/tool", "example.org/~ann/tool"),
        ("https://example.org/a/Tool", "example.org/a/Tool"),
        ("https://example.org/a/.git", "example.org/a/.git"),
        ("https://example.org/a%20b/tool", "example.org/a b/tool"),
        ("https://example.org/a/%ff", "example.org/a/%ff"),
        ("https://example.org/a/tool?x=1", None),
        ("gh:acme/tool", "gh/acme/tool"),
    ],
)
def test_an_identity_is_host_and_path(url: str, expected: str | None):
    assert repository.identity(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/srv/git/tool.git",
        "../tool.git",
        "./a:b",
        "file:///srv/git/tool.git",
        "C:\\git\\tool",
        "C:/git/tool",
        "https://github.com",
        "https://github.com/",
        "https://github.com/a/../b",
        "https://github.com/%2e%2e/b",
        "https://github.com/a%0Ab",
        "https://-x/a",
        "git@github.com:",
        "ext::sh -c evil",
        "https://github.com/acme/to\x00ol",
        "https://github.com/" + "a" * 3000,
    ],
)
def test_a_path_of_this_machine_and_nonsense_are_no_identity(url: str):
    assert repository.identity(url) is None


def test_a_name_that_the_user_gave_is_never_a_repository():
    assert repository.project_key("mine") != named_project_key("mine")
    assert repository.project_key(None) is None


CONFIG = """
[core]
\trepositoryformatversion = 0
\turl = https://example.org/not/this
[remote "fork"]
\turl = git@github.com:me/tool.git
[remote "origin"]
\tfetch = +refs/heads/*:refs/remotes/origin/*
\tURL = "https://github.com/acme/tool.git" ; the first one counts
\turl = https://github.com/acme/second.git
[branch "main"]
\tremote = origin
"""


def test_origin_names_the_repository():
    assert repository.remote_url(CONFIG) == "https://github.com/acme/tool.git"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("", None),
        ('[remote "fork"]\nurl = a:b\n', "a:b"),
        ('[remote "fork"]\nurl = a:b\n[remote "other"]\nurl = c:d\n', None),
        ('[remote "fork"]\nurl = a:b\n[remote "upstream"]\nurl = c:d\n', "c:d"),
        ('[Remote "origin"] url = a:b\n', "a:b"),
        ('[remote "Origin"]\nurl = a:b\n[remote "x"]\nurl = c:d', None),
        ('[remote "origin"]\r\n  url = a:b\r\n', "a:b"),
        ('[remote "origin"]\nurl = a:\\\nb # comment\n', "a:b"),
        ('[remote "origin"]\nurl = "a;b:c" # comment\n', "a;b:c"),
        ('[remote "origin"]\nurl =\n', None),
        ('[remote "origin"]\nurl\n', None),
        ("[remote]\nurl = a:b\n", None),
        ('[remote "ori\\"gin"]\nurl = a:b\n', "a:b"),
        ('[remote "origin"]\npushurl = a:b\n', None),
    ],
)
def test_a_git_configuration_is_read_as_git_reads_it(config: str, expected: str | None):
    assert repository.remote_url(config) == expected
