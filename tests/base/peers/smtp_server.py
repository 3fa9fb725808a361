"""A mail sink: what arrived last stands in BOX, read by another mail library than the sender's."""
import email, email.policy, logging, os, socket

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

import lab

lab.certificates()
logging.disable()
box = os.path.join(lab.folder, "box")


class Sink:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.endswith("@reject.test"):
            return "550 5.1.1 no such user"
        if address.endswith("@defer.test"):
            return "451 4.2.1 try later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        raw = envelope.original_content
        message = email.message_from_bytes(raw, policy=email.policy.default)
        if message["Subject"] == "refuse the data":
            return "554 5.6.0 not this one"
        text = message.get_body().get_content().replace("\r\n", "\n")
        longest = max(len(line) for line in raw.split(b"\r\n"))
        lone = raw.replace(b"\r\n", b"").count(b"\n") + raw.replace(b"\r\n", b"").count(b"\r")
        ascii_only = all(byte < 128 for byte in raw)
        with open(box, "w", encoding="utf-8", newline="") as file:
            file.write("envelope %s -> %s\n" % (envelope.mail_from, ",".join(envelope.rcpt_tos)))
            file.write("tls %s auth %s\n" % (server.transport.get_extra_info("ssl_object") is not None, session.authenticated))
            for name in ("From", "To", "Subject", "Date", "Auto-Submitted"):
                file.write("%s: %s\n" % (name, message[name]))
            file.write("headers %d id %s\n" % (len(message.items()),
                                               message["Message-ID"].endswith("@gate.test>")))
            file.write("wire: longest %s lone %d ascii %s defects %d\n" %
                       (longest <= 90, lone, ascii_only, len(message.defects)))
            file.write("text: " + text)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    known = data.login == b"gw" and data.password == b"gwp\xc3\xa4ss"
    return AuthResult(success=known, handled=False)


class Named(Controller):
    def factory(self):
        return SMTP(self.handler, hostname="mx.test", **self.SMTP_kwargs)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve(name, ssl_context=None, **options):
    controller = Named(Sink(), hostname="127.0.0.1", port=free_port(),
                       enable_SMTPUTF8=False, ssl_context=ssl_context,
                       **options)
    controller.start()
    print("%s=%d" % (name, controller.port))


serve("PLAIN_PORT")
serve("PORT", tls_context=lab.tls(), require_starttls=True)
serve("SUBMIT_PORT", tls_context=lab.tls(), require_starttls=True, auth_required=True,
      authenticator=authenticate)
serve("TLS_PORT", ssl_context=lab.tls())
print("CLOSED_PORT=%d" % free_port())
print("BOX=" + box)
lab.wait_for_the_end_of_the_test()
