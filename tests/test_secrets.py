"""Keys, tokens and passwords in documents never get into the knowledge; examples, hashes and identifiers stay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import qunda
from group import make_settings, open_group
from hypothesis import given
from hypothesis import strategies as st

from bot.builder import build_base
from rag.build import BuildReport, build
from rag.documents import Document
from rag.embedder import LexicalEmbedder
from rag.formats.base import Place
from rag.knowledge import open_current
from rag.masking import without_secrets
from rag.secrets import MASK, mask

HEX = "3f9a1c5e7b2d4860a9c8e1f05b7d2346"
B64 = "q7Zt+Lx2/Rk9vPa4Ws1Yd8Hf3Jm6Nc0B"
PEM = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\nVJTUt9Us8cKjMzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDu"
# What is written, and the secret in it.
SECRETS = {
    f"export OPENAI_API_KEY=sk-proj-{HEX}Aa": f"{HEX}Aa",
    f"用这个：sk-{HEX}。": HEX,
    f"sk-ant-api03-{B64[:4]}{HEX}": HEX,
    "AWS 的 AKIAQ3EGXMPL7TB2WK5D 不要外传": "Q3EGXMPL7TB2WK5D",
    f"git clone with ghp_{HEX}1a2B": HEX,
    "glpat-x7Kd92mQpL4vTz8RbN1c": "x7Kd92mQpL4vTz8RbN1c",
    "xoxb-" + "2719" + "48365012-abcDEF42ghij": "48365012-abcDEF42ghij",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P": "dozjgNryP4J3jVmNHl0w5N",
    f"-----BEGIN RSA PRIVATE KEY-----\n{PEM}\n-----END RSA PRIVATE KEY-----": PEM,
    f"-----BEGIN PRIVATE KEY-----\n{PEM}": PEM,
    "password = Tr0ub4dor&3": "Tr0ub4dor",
    'password: str = "Zx81-spectrum"': "Zx81-spectrum",
    "密码：Qw3rty!7": "Qw3rty!7",
    "数据库口令是 kx77Lmn2，别外传": "kx77Lmn2",
    "| 密码 | Abcd9876 |": "Abcd9876",
    "mysql --password hunter22x -u root": "hunter22x",
    "<password>s3cr3tPa55</password>": "s3cr3tPa55",
    "开机密码：849205": "849205",
    "The wifi password is Gq7wTz91.": "Gq7wTz91",
    "密码 Gq7wTz91": "Gq7wTz91",
    "管理员密码（Gq7wTz91）": "Gq7wTz91",
    "初始密码统一为：Gq7wTz91": "Gq7wTz91",
    "密码：\nGq7wTz91": "Gq7wTz91",
    "| 账号 | 密码 |\n|---|---|\n| root | `kx77Lmn2` |": "kx77Lmn2",
    "host | password | port\n--- | --- | ---\ndb1 | kx77Lmn2 | 5432": "kx77Lmn2",
    f"the api key is {B64[:4]}{HEX}": HEX,
    f"客户端密钥 {HEX}": HEX,
    f"app_secret = {HEX}": HEX,
    f"**App Secret**：`{HEX}`": HEX,
    f'{{"AppSecret": "{HEX}"}}': HEX,
    f"微信的 AppSecret={HEX}&grant_type=client_credential": HEX,
    f"encrypt_key: {B64}": B64,
    f"EncodingAESKey = {HEX}abcdefghij9": HEX,
    f"AccessKeySecret: '{B64[:30]}'": B64[:30],
    f"verification_token：{B64}": B64,
    f"Authorization: Bearer {B64}": B64,
    "postgresql://app:Wq8-zu_1@db.internal:5432/main": "Wq8-zu_1",
    "mysql -uroot -pkx77Lmn2 main": "kx77Lmn2",
    "mysqldump -h db1 -u app -p'kx77Lmn2' shop > shop.sql": "kx77Lmn2",
    "sshpass -p kx77Lmn2 ssh root@10.0.0.3": "kx77Lmn2",
    "redis-cli -h 10.0.0.3 -a kx77Lmn2 ping": "kx77Lmn2",
    "docker login registry.internal -u ci -p kx77Lmn2": "kx77Lmn2",
    "curl -fsS -u admin:kx77Lmn2 https://ci.internal/job": "kx77Lmn2",
    "curl --user 'admin:kx77Lmn2' https://ci.internal/job": "kx77Lmn2",
    "redis://:letmein@10.0.0.3:6379/0": "letmein",
    "https://open.feishu.cn/open-apis/bot/v2/hook/4f1c9e02-77ab-4d3e-9c55-0be1d2f3a4b6": "77ab-4d3e-9c55",
}
# What looks like a secret and is none.
HARMLESS = [
    "commit 9b2c5e7f3d81a640cc0f1e2d3b4a5968778695a4",
    f"sha256: {HEX}{HEX}",
    f"model.safetensors md5 {HEX}",
    "OPENAI_API_KEY=your_api_key",
    "api_key = <your-api-key>",
    "export OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "sk-xxx",
    "sk-1234567890abcdefghij",
    "token = os.environ['GITHUB_TOKEN_2024']",
    "password = config.database.password2",
    "password = getpass.getpass('Password 1: ')",
    'eos_token = "<|im_end|>"',
    "max_tokens: 32768",
    "pad_token_id = 151643",
    "tokenizer = AutoTokenizer.from_pretrained('internlm/internlm2-chat-7b')",
    "Password: at least 8 characters, one of them a digit",
    "密码：至少 8 位，包含数字",
    "密码是什么？密码在哪里改？",
    "postgres://user:password@localhost/db",
    "postgres://postgres:postgres@localhost/db",
    "http://127.0.0.1:8080/@me",
    "aws_access_key_id = AKIAIOSFODNN7EXAMPLE",
    "secret_key: ${SECRET_KEY}",
    "secret: {{ .Values.secret_123456789012 }}",
    "app_id = cli_a4f1c9e02b7d2346",
    "--token TOKEN",
    "the token is sent in the header X-Access-2024",
    "key: 3f9a1c5e7b2d4860a9c8e1f05b7d2346 is the id of the document",
    "access_key: /etc/keys/server-key-2024.pem",
    "docker pull registry@sha256:" + HEX + HEX,
    "sk-learn-contrib-and-other-long-words",
    "class PasswordAuthentication2Test",
    "password = ********",
    "docker run -p 8080:8080 -p 127.0.0.1:6006:6006 app2024x",
    "mysql -u root -p",
    "mysql -h 10.0.0.3 -P 3306 -u app2024 -pYOUR_PASSWORD1",
    "curl -u $USER:$TOKEN2024 https://ci.internal",
    "mkdir -p /data/models2024",
    "-----BEGIN CERTIFICATE-----\n" + PEM + "\n-----END CERTIFICATE-----",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "密码：123456",
    "the password is base64 encoded, then hashed with PBKDF2HMAC",
    "密码 OAuth2PasswordBearer 的用法",
    "check_password(User12345, Secret99)",
    "| 参数 | 密码 |\n|---|---|\n| 长度 | 至少 8 位 |\n| 算法 | sha256 |",
    "| token | id |\n|---|---|\n| hello_world_2024_again | 15339 |",
]


@pytest.mark.parametrize(("text", "secret"), SECRETS.items())
def test_a_secret_is_masked_and_its_name_stays(text: str, secret: str) -> None:
    assert secret in text
    masked = mask(text)
    assert secret not in masked.text and MASK in masked.text
    assert masked.text.split(MASK)[0] == text[: masked.gone[0][0]]
    assert mask(masked.text).text == masked.text


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert mask(text).text == text


@given(st.lists(st.sampled_from([*SECRETS, *HARMLESS, "用 pip 安装。", "\n", " ", "’s"]), max_size=8))
def test_offsets_follow_what_was_replaced(parts: list[str]) -> None:
    text = "\n".join(parts)
    masked = mask(text)
    at = 0
    for start, end in masked.gone:
        assert text[at:start] == masked.text[masked.moved(at) : masked.moved(start)]
        assert masked.text[masked.moved(start) :].startswith(MASK)
        at = end
    assert text[at:] == masked.text[masked.moved(at) :]


@pytest.mark.parametrize(
    "text",
    [
        "password=" * 200_000,
        "token: " + "a" * 2_000_000,
        "-----BEGIN PRIVATE KEY-----" * 40_000,
        "sk-" * 200_000,
        "://:" * 400_000,
    ],
)
def test_long_nonsense_costs_no_more_than_its_length(text: str) -> None:
    assert len(mask(text).text) <= len(text)  # were it quadratic, it would not end within the time limit of a test


def test_places_and_curated_questions_move_along() -> None:
    text = f"密码：Qw3rty!77777\n\n第二页 app_secret = {HEX}\n\n第三页"
    at = [text.index("第二页"), text.index("第三页")]
    places = (Place(at[0], "page=2", True), Place(at[1], "page=3", True, "口令是 kx77Lmn2 吗"))
    document, count = without_secrets(Document("a.pdf", f"token {HEX}", text, "d", places, True))
    assert count == 2
    assert [document.text[place.start :][:3] for place in document.places] == ["第二页", "第三页"]
    assert "kx77Lmn2" not in document.places[1].question


def built(folder: Path, **options: bool) -> BuildReport:
    return build([folder / "docs"], folder / "knowledge", LexicalEmbedder(64), **options)


def stored(folder: Path, report: BuildReport) -> bytes:
    """Everything that is on disk of a version."""
    return b"".join(path.read_bytes() for path in (folder / "knowledge" / "default" / report.version).iterdir())


@pytest.fixture
def secretive(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "deploy.md").write_text(f"# 部署\n\napp_secret = {HEX}\n\n密码：Qw3rty!7\n", "utf-8")
    (docs / "guide.md").write_text("# Guide\n\nSet api_key = your_api_key in config.ini.\n", "utf-8")
    (docs / "faq.csv").write_text(f"question,answer\n飞书的密钥是什么,app_secret = {HEX}\n", "utf-8")
    return tmp_path


def test_nothing_that_is_built_holds_a_secret_and_the_report_counts_them(secretive: Path) -> None:
    report = built(secretive)
    assert dict(report.masked) == {"deploy.md": 2, "faq.csv": 1}
    assert not report.failed
    assert HEX.encode() not in stored(secretive, report) and b"Qw3rty" not in stored(secretive, report)
    version = open_current(secretive / "knowledge", "default")
    texts = [version.passage(n).text for n in range(len(version))]
    assert any(f"app_secret = {MASK}" in text for text in texts)
    assert any("your_api_key" in text for text in texts)
    assert dict(built(secretive).masked) == dict(report.masked)  # what is taken over is counted, too


def test_switching_it_rebuilds_and_says_why(secretive: Path) -> None:
    plain = built(secretive, mask_secrets=False)
    assert HEX.encode() in stored(secretive, plain) and not plain.masked
    report = built(secretive)
    assert report.is_new and "splitter changed" in report.rebuilt
    assert HEX.encode() not in stored(secretive, report)


@pytest.mark.parametrize(("mask_secrets", "told"), [("yes", MASK), ("no", "Kx77-Lmn2")])
async def test_an_answer_tells_a_password_only_where_its_base_is_to(
    tmp_path: Path, mask_secrets: str, told: str
) -> None:
    settings = make_settings(tmp_path, f"knowledge.mask_secrets={mask_secrets}")
    (settings.root / "docs" / "wifi.md").write_text("# 访客无线网\n\n访客无线网的密码：Kx77-Lmn2\n", "utf-8")
    build_base(settings, "default")
    async with open_group(tmp_path, build=False, settings=settings) as group:
        said = await group.say("访客无线网的密码是什么？", mentions_bot=True)
        assert said["outcome"] == "answered" and told in said["replies"][0]
        assert ("Kx77-Lmn2" in str(said)) == (mask_secrets == "no")


def test_the_command_line_tells_it_without_telling_the_secret(secretive: Path) -> None:
    done = qunda("build", "docs", cwd=secretive)
    assert done.status == 0
    assert "~ deploy.md: 2 secrets masked" in done.out and "0 failed" in done.out
    shown = qunda("knowledge", "show", "deploy.md", cwd=secretive).out
    assert f"app_secret = {MASK}" in shown and HEX not in shown
    listed = json.loads(qunda("knowledge", "--json", cwd=secretive).out)[0]
    assert listed["masked"] == {"deploy.md": 2, "faq.csv": 1}
