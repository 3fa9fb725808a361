#!/usr/bin/python3
"""Sign-in and logout through real SAML identity providers (SimpleSAMLphp, LemonLDAP::NG, pysaml2),
driven without a browser, against the real server.    saml.py GATEHOUSE"""

import html.parser
import os
import sys
import time
import urllib.parse

import house as base
import wire
from house import check, me_of

HOPS = 24
# What SimpleSAMLphp is told per service provider, and what becomes of it here.
ACCEPTED = ("both", "response", "assertion", "encrypted", "encrypted-nameid", "sha512",
            "signed-requests", "persistent")
REFUSED = {"unsigned": "saml.unsigned", "sha1": "saml.gate_algorithm", "transient": "saml.name_id"}


class House(base.House):
    def start(self):
        self.ssp = self.peer("ssp")
        self.llng = self.peer("llng", SAML="1")
        self.py = self.peer("pysaml2")
        self.ca = self.llng["CA"]
        with open(self.ca, encoding="utf-8") as file:
            self.authority = file.read()
        self.serve()


class Forms(html.parser.HTMLParser):
    """The forms of a page: where they go, and their fields."""

    def __init__(self, page):
        super().__init__()
        self.forms = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.forms.append({"action": attrs.get("action") or "", "fields": {},
                               "method": (attrs.get("method") or "get").lower()})
        elif tag == "input" and self.forms and attrs.get("name"):
            self.forms[-1]["fields"][attrs["name"]] = attrs.get("value") or ""


def post(browser, url, fields):
    return browser.request("POST", url, urllib.parse.urlencode(fields), {
        "Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"})


def is_home(house, url):
    return url.startswith(house.base) and urllib.parse.urlsplit(url).path in ("/", "/logged-out")


def travel(house, browser, url, person=None, stop_at=None):
    """What a browser does with a sign-in or a logout: follows redirects, sends forms that send
    themselves, and types name and password where they are asked for. Returns the last answer and
    every address on the way."""
    answer, hops = browser.get(url, Accept="text/html"), [url]
    while len(hops) < HOPS:
        if hops[-1] == stop_at:
            break
        if answer.status in (302, 303, 307):
            hops.append(urllib.parse.urljoin(hops[-1], answer.location))
            if is_home(house, hops[-1]):
                break
            answer = browser.get(hops[-1], Accept="text/html")
            continue
        form = next_form(answer, person)
        if form is None:
            break
        hops.append(urllib.parse.urljoin(hops[-1], form["action"]))
        browser.sent = form["fields"]
        answer = post(browser, hops[-1], form["fields"])
    return answer, hops


def next_form(answer, person):
    if answer.status != 200 or "text/html" not in answer.headers.get("Content-Type", ""):
        return None
    for form in Forms(answer.body.decode(errors="replace")).forms:
        fields = form["fields"]
        if "SAMLResponse" in fields or "SAMLRequest" in fields:
            return form
        if person and "username" in fields:
            form["fields"] = {**fields, "username": person, "password": f"{person}pw"}
            return form
        if person and "user" in fields and "password" in fields:
            form["fields"] = {**fields, "user": person, "password": person}
            return form
    return None


class Organisation(base.Organisation):
    def connect(self, **body):
        """A connection and its metadata in a file; open to people."""
        made = self.api.must("POST", "/api/v1/connections", {
            "kind": "saml", "provisioning": "jit", **body})
        check({"acs_url", "metadata_url"} <= set(made), f"{made}")
        answer = wire.Browser().get(made["metadata_url"])
        check(answer.status == 200 and b"SPSSODescriptor" in answer.body, f"metadata: {answer.status}")
        made["file"] = os.path.join(self.house.folder, made["id"] + ".xml")
        with open(made["file"], "wb") as file:
            file.write(answer.body)
        os.chmod(made["file"], 0o644)
        self.api.must("POST", f"/api/v1/connections/{made['id']}/enable", {"untested": True})
        return made

    def connect_ssp(self, variant, **body):
        """Several connections know the same people: whom one has made, the others match."""
        made = self.connect(name=variant, metadata_xml=text_of(self.house.ssp["ENTITY"]),
                            attributes={"user_name": "uid"},
                            match={"claim": "uid", "attribute": "user_name"}, **body)
        self.house.tell_peer("ssp", "add-sp", variant, made["file"])
        return made

    def last_refusal(self, connection):
        items = self.api.must("GET", f"/api/v1/connections/{connection['id']}/logins")["items"]
        check(items, "no record of the sign-in")
        return items[0]


def text_of(url, ca=None):
    answer = wire.Browser(ca).get(url)
    check(answer.status == 200, f"{url}: {answer.status}")
    return answer.body.decode()


def login_url(house, connection):
    return f"{house.base}/saml/{connection['id']}/login"


def sign_in(house, connection, person, browser=None):
    browser = browser or wire.Browser(house.ca)
    answer, hops = travel(house, browser, login_url(house, connection), person)
    check(is_home(house, hops[-1]), f"{person} ends at {hops[-1]}: {answer.status} "
                                    f"{answer.body[:400]!r}\n{house.log()[-1500:]}")
    return browser


def is_in(house, browser):
    return browser.get(f"{house.base}/api/v1/me").status == 200


# SimpleSAMLphp ----------------------------------------------------------------------------------


def simplesamlphp_in_every_accepted_variant(house):
    house.acme = Organisation(house, "acme")
    house.connections = {}
    for variant in ACCEPTED:
        needs = {"encryption": True} if variant.startswith("encrypted") else {}
        connection = house.acme.connect_ssp(variant, **needs)
        me = me_of(house, sign_in(house, connection, "alice"))
        check(me["org"]["slug"] == "acme", f"{variant}: {me}")
        house.connections[variant] = connection


def simplesamlphp_in_every_refused_variant(house):
    for variant, reason in REFUSED.items():
        connection = house.acme.connect_ssp(variant)
        browser = wire.Browser(house.ca)
        answer, hops = travel(house, browser, login_url(house, connection), "bob")
        check(answer.status in (400, 401) and not is_in(house, browser),
              f"{variant}: {answer.status} at {hops[-1]}")
        seen = house.acme.last_refusal(connection)["reason"]
        check(seen == reason, f"{variant}: {seen}")


def sha1_is_a_switch_of_the_connection(house):
    connection = house.acme.connect_ssp("sha1", allow_sha1=True)
    me_of(house, sign_in(house, connection, "alice"))


def a_second_sign_in_needs_no_password(house):
    browser = sign_in(house, house.connections["both"], "alice")
    answer, hops = travel(house, browser, login_url(house, house.connections["assertion"]))
    check(is_home(house, hops[-1]), f"{answer.status} at {hops[-1]}")


def unsolicited_answers_are_refused(house):
    connection = house.connections["both"]
    browser = wire.Browser(house.ca)
    url = f"{house.ssp['SSO']}?" + urllib.parse.urlencode({"spentityid": connection["metadata_url"]})
    answer, _ = travel(house, browser, url, "alice")
    check(answer.status in (400, 401) and not is_in(house, browser), f"{answer.status}")
    check(house.acme.last_refusal(connection)["reason"] == "saml.unsolicited", "another reason")


def unsolicited_answers_become_a_round_trip_where_allowed(house):
    connection = house.acme.connect_ssp("both", idp_initiated="convert")
    browser = wire.Browser(house.ca)
    url = f"{house.ssp['SSO']}?" + urllib.parse.urlencode({"spentityid": connection["metadata_url"]})
    _, hops = travel(house, browser, url, "alice")
    check(is_home(house, hops[-1]) and is_in(house, browser), f"ends at {hops[-1]}")
    check(sum(hop.startswith(house.ssp["SSO"]) for hop in hops) >= 2, f"no round trip: {hops}")


def a_used_answer_opens_nothing(house):
    connection = house.connections["both"]
    browser, thief = wire.Browser(house.ca), wire.Browser(house.ca)
    _, hops = travel(house, browser, login_url(house, connection), "bob",
                     stop_at=connection["acs_url"])
    check(hops[-1] == connection["acs_url"], f"ends at {hops[-1]}")
    for other in (browser, thief):
        again = post(other, connection["acs_url"], browser.sent)
        check(again.status in (303, 400, 401), f"{again.status}")
    check(not is_in(house, thief), "signed in with another's answer")


# Logout -----------------------------------------------------------------------------------------


def sign_out(house, browser):
    csrf = me_of(house, browser)["csrf"]
    gone = browser.request("DELETE", f"{house.base}/api/v1/session",
                           headers={"X-Gatehouse-Csrf": csrf})
    check(gone.status == 200, f"{gone.status} {gone.body!r}")
    check(not is_in(house, browser), "still signed in")
    return gone.json["redirect"]


def logout_here_ends_the_session_at_simplesamlphp(house):
    connection = house.connections["both"]
    browser = sign_in(house, connection, "bob")
    url = sign_out(house, browser)
    check(url, "no way to sign out at the provider")
    answer, hops = travel(house, browser, url)
    check(is_home(house, hops[-1]), f"ends at {hops[-1]}: {answer.status} {answer.body[:300]!r}")
    answer, hops = travel(house, browser, login_url(house, connection))
    check(not is_home(house, hops[-1]) and b"AuthState" in answer.body, "the provider still knows them")


def logout_at_simplesamlphp_ends_the_session_here(house):
    connection = house.connections["both"]
    browser = sign_in(house, connection, "bob")
    other = sign_in(house, connection, "bob")
    root = house.ssp["SSO"].rsplit("/", 1)[0]
    url = f"{root}/initSLO.php?RelayState={urllib.parse.quote(root)}"
    travel(house, browser, url)
    check(not is_in(house, browser), "the session lives on")
    check(is_in(house, other), "a session with another index ended as well")


# pysaml2 ----------------------------------------------------------------------------------------


def pysaml2_in_every_variant(house):
    metadata = text_of(house.py["ENTITY"])
    certificate = open(os.path.join(house.folder, "pysaml2", "idp.crt"), encoding="utf-8").read()
    made = {}
    for variant in ("both", "response", "assertion", "unsigned", "encrypted"):
        made[variant] = house.acme.connect(
            name=f"py {variant}", entity_id=house.py["ENTITY"],
            sso_url=f"{house.py['SSO']}/{variant}?u=carol-{variant}",  # an address with a query
            slo_url=house.py["SLO"], certificate=certificate, encryption=variant == "encrypted")
    check("IDPSSODescriptor" in metadata, "metadata")
    house.tell_peer("pysaml2", "stop")
    house.py = house.peer("pysaml2", SP_METADATA=" ".join(c["file"] for c in made.values()))
    for variant in ("both", "response", "assertion"):
        me_of(house, sign_in(house, made[variant], "carol"))
    for variant, reason in (("unsigned", "saml.unsigned"), ("encrypted", "saml.gate_algorithm")):
        browser = wire.Browser(house.ca)
        answer, hops = travel(house, browser, login_url(house, made[variant]))
        check(answer.status in (400, 401) and not is_in(house, browser), f"{variant}: {hops[-1]}")
        check(house.acme.last_refusal(made[variant])["reason"] == reason, f"{variant}: reason")
    house.py_connection = made["both"]


def logout_both_ways_with_pysaml2(house):
    connection = house.py_connection
    browser = sign_in(house, connection, "carol")
    _, hops = travel(house, browser, sign_out(house, browser))
    check(is_home(house, hops[-1]), f"ends at {hops[-1]}")
    browser = sign_in(house, connection, "carol")
    root = house.py["SSO"].rsplit("/", 1)[0]
    answer, hops = travel(house, browser, f"{root}/sign-out?" + urllib.parse.urlencode(
        {"sp": connection["metadata_url"], "u": "carol-both"}))
    check(answer.status == 200 and answer.body == b"signed out", f"{answer.status} at {hops[-1]}")
    check(text_of(f"{root}/last-logout").endswith(":Success"), "another status")
    check(not is_in(house, browser), "the session lives on")


# LemonLDAP::NG ----------------------------------------------------------------------------------


def connect_llng(house, name, encrypt, sign_slo="1", org=None, **more):
    connection = (org or house.acme).connect(name=name, metadata_url=house.llng["ENTITY"],
                                             ca_pem=house.authority, **more)
    house.tell_peer("llng", "add-sp", name, connection["file"], ENCRYPT=encrypt,
                    SIGN_SLO=sign_slo)
    time.sleep(2)  # its workers read their settings again within a second of the next request
    return connection


def lemonldap_signed_and_encrypted(house):
    house.llng_connection = connect_llng(house, "plain", "none", idp_initiated="convert")
    me_of(house, sign_in(house, house.llng_connection, "dwho"))
    encrypted = connect_llng(house, "crypt", "assertion", encryption=True)
    me_of(house, sign_in(house, encrypted, "rtyler"))


def lemonldap_starts_a_sign_in(house):
    connection, browser = house.llng_connection, wire.Browser(house.ca)
    url = f"{house.llng['SSO']}?" + urllib.parse.urlencode(
        {"IDPInitiated": "1", "sp": connection["metadata_url"]})
    answer, hops = travel(house, browser, url, "msmith")
    check(is_home(house, hops[-1]) and is_in(house, browser), f"{answer.status} at {hops[-1]}")


def sign_out_at_lemonldap(house, browser):
    """Its page asks each service in a frame."""
    answer, _ = travel(house, browser, f"{house.llng['ISSUER']}/?logout=1")
    frames = [part.replace("&amp;", "&") for part in answer.body.decode(errors="replace").split('"')
              if "/slo?" in part]
    check(frames, f"no frame in {answer.body!r}")
    return [travel(house, browser, urllib.parse.urljoin(house.llng["ISSUER"], frame)) for frame in frames]


def lemonldap_logout_both_ways(house):
    connection = house.llng_connection
    browser = sign_in(house, connection, "dwho")
    answer, hops = travel(house, browser, sign_out(house, browser))
    check(hops[-1] == f"{house.base}/logged-out?provider=done", f"ends at {hops[-1]}: {answer.status}")
    browser = sign_in(house, connection, "dwho")
    (_, hops), = sign_out_at_lemonldap(house, browser)
    check(any("/singleLogoutReturn?SAMLResponse=" in hop for hop in hops), f"no answer: {hops}")
    check(not is_in(house, browser), "the session lives on")


def lemonldaps_unsigned_logout_is_refused(house):
    careless = Organisation(house, "careless")
    connection = connect_llng(house, "careless", "none", sign_slo="0", org=careless)
    browser = sign_in(house, connection, "dwho")
    (answer, _), = sign_out_at_lemonldap(house, browser)
    check(answer.status == 400 and is_in(house, browser), f"{answer.status}")
    check(careless.last_refusal(connection)["reason"] == "saml.unsigned", "another reason")


# Who is out -------------------------------------------------------------------------------------


def who_is_out_stays_out(house):
    connection = house.connections["both"]
    browser = sign_in(house, connection, "alice")
    me = me_of(house, browser)
    house.acme.api.must("POST", f"/api/v1/users/{me['user']['id']}/deactivate", {"reason": "left"})
    check(not is_in(house, browser), "still in")
    again = wire.Browser(house.ca)
    answer, _ = travel(house, again, login_url(house, connection), "alice")
    check(answer.status == 403 and not is_in(house, again), f"{answer.status}")
    names = [user["user_name"] for user in house.acme.api.must("GET", "/api/v1/users?limit=200")["items"]]
    check(names.count(me["user"]["user_name"]) == 1, f"{names}")


def two_organisations_never_mix(house):
    other = Organisation(house, "other")
    there = other.connect_ssp("both")
    mine = me_of(house, sign_in(house, house.connections["both"], "bob"))
    theirs = me_of(house, sign_in(house, there, "bob"))
    check(mine["user"]["id"] != theirs["user"]["id"], "one person in two organisations")
    check(theirs["org"]["slug"] == "other", f"{theirs}")


def nothing_secret_is_in_the_log(house):
    log = house.log()
    for word in ("SAMLResponse", "SAMLRequest", "alice", "carol", "dwho", "@", "BEGIN"):
        check(word not in log, f"{word} is in the log:\n" +
              "\n".join(line for line in log.splitlines() if word in line)[:500])


STORIES = [
    simplesamlphp_in_every_accepted_variant, simplesamlphp_in_every_refused_variant,
    sha1_is_a_switch_of_the_connection, a_second_sign_in_needs_no_password,
    unsolicited_answers_are_refused, unsolicited_answers_become_a_round_trip_where_allowed,
    a_used_answer_opens_nothing, logout_here_ends_the_session_at_simplesamlphp,
    logout_at_simplesamlphp_ends_the_session_here, pysaml2_in_every_variant,
    logout_both_ways_with_pysaml2, lemonldap_signed_and_encrypted, lemonldap_starts_a_sign_in,
    lemonldap_logout_both_ways, lemonldaps_unsigned_logout_is_refused, who_is_out_stays_out, two_organisations_never_mix,
    nothing_secret_is_in_the_log,
]

if __name__ == "__main__":
    base.play(House(sys.argv[1]), House.start, STORIES)
