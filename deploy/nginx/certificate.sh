#!/bin/sh
# The certificate in CERTIFICATE_DIR: made when there is none, and made anew when our own
# one ends within 30 days or is of another name than PUBLIC_ORIGIN. One of somebody's
# own is never touched; that it ends soon is said. Links to it lie in this folder.
set -eu
umask 077
soon=2592000
authority=${PUBLIC_ORIGIN#*://}
authority=${authority%%/*}
case $authority in
\[*) name=${authority#[} name=${name%%]*} ;;
*) name=${authority%%:*} ;;
esac
case $name in
*[!0-9.]*:* | *:*) subject="IP:$name" ;;
*[!0-9.]*) subject="DNS:$name" ;;
*) subject="IP:$name" ;;
esac
certificate=$CERTIFICATE_DIR/tls.crt key=$CERTIFICATE_DIR/tls.key own=$CERTIFICATE_DIR/own

# Ours are listed by their digest and what they are of.
line() { echo "$(sha256sum <"$certificate") $subject"; }
ends_soon() { ! openssl x509 -in "$certificate" -noout -checkend $soon >/dev/null 2>&1; }

make() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 397 \
		-subj "/CN=$name" -addext "subjectAltName=$subject" \
		-keyout "$key.new" -out "$certificate.new" 2>openssl.log ||
		{ cat openssl.log >&2; exit 1; }
	mv "$key.new" "$key"
	mv "$certificate.new" "$certificate"
	line >"$own"
	echo "made a certificate of our own for $name" >&2
}

if [ ! -s "$certificate" ]; then
	make
elif [ -s "$own" ] && [ "$(cut -d ' ' -f 1 "$own")" = "$(line | cut -d ' ' -f 1)" ]; then
	if [ "$(cat "$own")" != "$(line)" ] || ends_soon; then make; fi
elif ends_soon; then
	echo "$certificate ends within 30 days, or cannot be read: replace it" >&2
fi
ln -sf "$certificate" "$key" .
