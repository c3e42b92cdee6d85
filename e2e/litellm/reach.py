"""How the scripts here reach LiteLLM: its Service or LITELLM_URL, and single pods by their address

Over plain HTTP. With LITELLM_CA, a file with the certificate of an authority, over HTTPS: a certificate by that authority and no other
is accepted, for the name in the URL, and of a pod that is asked by its address for NAME.
"""
import http.client
import ipaddress
import os
import ssl
import urllib.request

SERVICE = os.environ.get("LITELLM_URL", "http://litellm.ai.svc.cluster.local:4000")
NAME = "litellm.ai.svc"             # serverName in examples/tls.yaml
trust = ssl.create_default_context(cafile=os.environ["LITELLM_CA"]) if "LITELLM_CA" in os.environ else None


def pod(address):
    return f"{'https' if trust else 'http'}://{address}:4000"


def name_of(host):
    try:
        ipaddress.ip_address(host)
        return NAME
    except ValueError:
        return host


class Verified(http.client.HTTPSConnection):
    def connect(self):
        http.client.HTTPConnection.connect(self)
        self.sock = trust.wrap_socket(self.sock, server_hostname=name_of(self.host))


class Handler(urllib.request.HTTPSHandler):
    def https_open(self, request):
        return self.do_open(Verified, request, context=trust)


urlopen = urllib.request.build_opener(Handler(context=trust)).open if trust else urllib.request.urlopen
