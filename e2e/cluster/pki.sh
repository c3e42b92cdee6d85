#!/usr/bin/env bash
# pki.sh DIRECTORY ADDRESS...  makes a CA, the API server's certificate (for 127.0.0.1 and the addresses) and a kubeconfig
# for each component. CLUSTER_PORT: port of the API server on 127.0.0.1, the same inside and outside of the cluster.
set -euo pipefail
umask 077
dir=$1; shift
mkdir -p "$dir" && cd "$dir"
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

key ca.key
openssl req -x509 -new -key ca.key -sha256 -days 30 -subj /CN=test-ca -out ca.crt
openssl genrsa -out sa.key 2048 2>/dev/null
openssl rsa -in sa.key -pubout -out sa.pub 2>/dev/null

cert() { # name, subject, extensions
  key "$1.key"
  openssl req -new -key "$1.key" -subj "$2" |
    openssl x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -sha256 -out "$1.crt" \
      -extfile <(echo "$3") 2>/dev/null
}
san=DNS:localhost,DNS:node,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc
for ip in 127.0.0.1 "$@"; do san+=,IP:$ip; done
cert serving /CN=node "subjectAltName=$san"

user() { # name, subject
  cert "$1" "$2" extendedKeyUsage=clientAuth
  cat >"$1.kubeconfig" <<YAML
apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: $1}}]
clusters:
  - name: test
    cluster:
      server: https://127.0.0.1:${CLUSTER_PORT}
      certificate-authority-data: $(base64 -w0 ca.crt)
users:
  - name: $1
    user:
      client-certificate-data: $(base64 -w0 "$1.crt")
      client-key-data: $(base64 -w0 "$1.key")
YAML
}
user admin /O=system:masters/CN=admin
user controller-manager /CN=system:kube-controller-manager
user scheduler /CN=system:kube-scheduler
user proxy /CN=system:kube-proxy
user kubelet /O=system:nodes/CN=system:node:node
