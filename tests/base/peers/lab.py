"""What the counterparts of the unit tests share: a private authority and an end with the test."""
import atexit, shutil, ssl, subprocess, sys, tempfile

folder = tempfile.mkdtemp(prefix="gatehouse-peer-")
atexit.register(shutil.rmtree, folder, True)


def certificate(name, subject, *more):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-keyout", name + ".key",
                    "-out", name + ".crt", "-subj", subject, *more], cwd=folder, check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def certificates():
    certificate("ca", "/CN=private authority")
    certificate("other", "/CN=another authority")
    certificate("leaf", "/CN=leaf", "-CA", "ca.crt", "-CAkey", "ca.key", "-addext",
                "subjectAltName=IP:127.0.0.1,IP:::ffff:127.0.0.1,DNS:named.localhost",
                "-addext", "basicConstraints=critical,CA:FALSE")


def tls(least=ssl.TLSVersion.TLSv1_2, most=ssl.TLSVersion.TLSv1_3):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version, context.maximum_version = least, most
    context.load_cert_chain(folder + "/leaf.crt", folder + "/leaf.key")
    return context


def wait_for_the_end_of_the_test():
    """Prints READY and ends when standard input closes."""
    print("CA=%s/ca.crt" % folder)
    print("OTHER_CA=%s/other.crt" % folder)
    print("READY", flush=True)
    sys.stdin.read()
