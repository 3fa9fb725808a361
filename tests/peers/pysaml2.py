#!/usr/bin/python3
"""A SAML identity provider on pysaml2.    pysaml2.py PORT KEY CERTIFICATE SP_METADATA.xml...

/metadata
/sso/VARIANT       signs in as carol without a page; VARIANT is one of VARIANTS. The address with
                   ?u=carol-VARIANT is another one of its own: requests have to name it whole
/slo               answers a LogoutRequest
/sign-out?sp=ENTITY&u=NAME&index=SESSION_INDEX   sends the browser off with a signed LogoutRequest
/last-logout       status of the last LogoutResponse that came back
"""

import datetime
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlparse

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, saml
from saml2.config import IdPConfig
from saml2.metadata import create_metadata_string
from saml2.server import Server

PORT, KEY, CERTIFICATE, SERVICE_PROVIDERS = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
BASE = f"http://127.0.0.1:{PORT}"
VARIANTS = ["both", "response", "assertion", "unsigned", "encrypted"]
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

config = IdPConfig().load({
    "entityid": BASE + "/metadata",
    "xmlsec_binary": "/usr/bin/xmlsec1",
    "key_file": KEY,
    "cert_file": CERTIFICATE,
    "metadata": {"local": SERVICE_PROVIDERS},
    "allow_unknown_attributes": True,
    "service": {"idp": {
        "name": "pysaml2",
        "name_id_format": [saml.NAMEID_FORMAT_EMAILADDRESS],
        "endpoints": {
            "single_sign_on_service": [(f"{BASE}/sso/{v}{who}", BINDING_HTTP_REDIRECT)
                                       for v in VARIANTS for who in ("", f"?u=carol-{v}")],
            "single_logout_service": [(BASE + "/slo", BINDING_HTTP_REDIRECT)]},
        "policy": {"default": {
            "lifetime": {"minutes": 15},
            "name_form": "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"}}}},
})
provider = Server(config=config)
answers = []


def name_id(user):
    return saml.NameID(format=saml.NAMEID_FORMAT_EMAILADDRESS, text=user + "@example.org")


def sign_in(variant, query):
    request = provider.parse_authn_request(query["SAMLRequest"], BINDING_HTTP_REDIRECT).message
    arguments = provider.response_args(request)
    user = query.get("u", "carol")
    xml = provider.create_authn_response(
        {"uid": [user], "mail": [user + "@example.org"], "displayName": ["User " + user]},
        userid=user, name_id=name_id(user),
        authn={"class_ref": saml.AUTHN_PASSWORD_PROTECTED, "authn_auth": BASE},
        sign_response=variant in ("both", "response"),
        sign_assertion=variant in ("both", "assertion", "encrypted"),
        encrypt_assertion=variant == "encrypted", encrypted_advice_attributes=False,
        sign_alg=RSA_SHA256, digest_alg=SHA256, **arguments)
    return provider.apply_binding(BINDING_HTTP_POST, str(xml), arguments["destination"],
                                  query.get("RelayState", ""), response=True)


def answer_logout(query):
    request = provider.parse_logout_request(query["SAMLRequest"], BINDING_HTTP_REDIRECT).message
    xml = provider.create_logout_response(request, [BINDING_HTTP_REDIRECT])
    to = provider.response_args(request, [BINDING_HTTP_REDIRECT])["destination"]
    return provider.apply_binding(BINDING_HTTP_REDIRECT, str(xml), to, query.get("RelayState", ""),
                                  response=True, sign=True, sigalg=RSA_SHA256)


def send_logout(query):
    places = provider.metadata.single_logout_service(query["sp"], BINDING_HTTP_REDIRECT, "spsso")
    to = places[0]["location"]
    later = datetime.datetime.utcnow() + datetime.timedelta(minutes=5)
    _, request = provider.create_logout_request(
        to, query["sp"], name_id=name_id(query.get("u", "carol")),
        session_indexes=[query["index"]] if "index" in query else None,
        expire=later.strftime("%Y-%m-%dT%H:%M:%SZ"))
    return provider.apply_binding(BINDING_HTTP_REDIRECT, str(request), to, "", sign=True,
                                  sigalg=RSA_SHA256)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):  # pylint: disable=invalid-name
        url = urlparse(self.path)
        query = dict(parse_qsl(url.query))
        if url.path == "/metadata":
            self.answer(200, create_metadata_string(None, config=config),
                        [("content-type", "application/samlmetadata+xml")])
        elif url.path.startswith("/sso/"):
            sent = sign_in(url.path[5:], query)
            self.answer(200, sent["data"], sent["headers"])
        elif url.path == "/slo" and "SAMLResponse" in query:
            response = provider.parse_logout_request_response(query["SAMLResponse"],
                                                              BINDING_HTTP_REDIRECT)
            answers.append(response.response.status.status_code.value)
            self.answer(200, "signed out", [("content-type", "text/plain")])
        elif url.path == "/slo":
            self.answer(303, "", answer_logout(query)["headers"])
        elif url.path == "/sign-out":
            self.answer(303, "", send_logout(query)["headers"])
        elif url.path == "/last-logout":
            self.answer(200, answers[-1] if answers else "none", [("content-type", "text/plain")])
        else:
            self.answer(404, "", [])

    def answer(self, status, body, headers):
        body = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
