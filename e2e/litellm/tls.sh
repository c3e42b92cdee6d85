#!/usr/bin/env bash
# tls.sh STATE  an authority of the run's own, and certificates by it for PostgreSQL and LiteLLM, in namespace `ai`: for deploy.sh with TLS=1.
# Private keys are in Secrets only. The authority's certificate is where examples/tls.yaml looks for it: in a Secret for the database, in
# a ConfigMap for LiteLLM's pods.
set -euo pipefail
umask 077
state=$1
mkdir -p "$state/tls"
cd "$state/tls"

apply() { kubectl -n ai create "$@" --dry-run=client -o yaml | kubectl apply --server-side -f - >/dev/null; }
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }
certify() { # name, what the certificate is for
  key "$1.key"
  openssl req -new -key "$1.key" -subj "/CN=$1" |
    openssl x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -sha256 -out "$1.crt" \
      -extfile <(printf '%s\n' "subjectAltName=$2" authorityKeyIdentifier=keyid extendedKeyUsage=serverAuth) 2>/dev/null
  apply secret tls "$1-tls" --cert="$1.crt" --key="$1.key"
}

key ca.key
openssl req -x509 -new -key ca.key -sha256 -days 30 -subj "/CN=authority of this run" -addext keyUsage=critical,keyCertSign,cRLSign -out ca.crt
apply secret generic litellm-db-ca --from-file=ca.crt
apply configmap internal-ca --from-file=ca.crt
certify postgres DNS:postgres.ai.svc.cluster.local
# Clients ask the Service by its whole name. Pods have no name of their own: whoever asks one by its address expects litellm.ai.svc.
certify litellm DNS:litellm.ai.svc,DNS:litellm.ai.svc.cluster.local
rm -- *.key
