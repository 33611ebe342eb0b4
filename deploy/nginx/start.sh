#!/bin/sh
# nginx in a folder of its own (PROXY_DIR), as whoever starts this: certificate, list of
# instances, addresses. The list follows INSTANCES (name:port …): every address of a
# name. One whose /health/ready says no gets requests only when no other answers, so a
# new instance is asked within seconds and a drained one no more; while none is ready
# all are asked, and say themselves why. The certificate is looked at each day.
set -eu
umask 077
here=$(cd "$(dirname "$0")" && pwd)
cd "$PROXY_DIR"

# Prints the upstream's servers. A dead one is found by each request anew (max_fails=0):
# refused at once, and never shut out after it came back.
servers() {
	ready='' others=''
	for instance in $INSTANCES; do
		port=${instance##*:}
		for address in $(getent ahostsv4 "${instance%:*}" | cut -d ' ' -f 1 | sort -u); do
			if curl -fs -m 2 -o answer "http://$address:$port/health/ready"; then
				ready="$ready $address:$port"
			else
				others="$others $address:$port"
			fi
		done
	done
	for server in ${ready:-$others}; do echo "server $server max_fails=0;"; done
	[ -z "$ready" ] || for server in $others; do echo "server $server max_fails=0 backup;"; done
}

# Whatever a request calls us, people are led to PUBLIC_ORIGIN, its port included.
public=${PUBLIC_ORIGIN#https://} public=${public%%/*}
case $public in
'' | *[!][A-Za-z0-9.:-]*)
	echo "PUBLIC_ORIGIN is no https://host or https://host:port: $PUBLIC_ORIGIN" >&2
	exit 1
	;;
esac
sh "$here/certificate.sh"
sed -e "s/HTTPS_ADDRESS/$HTTPS_ADDRESS/" -e "s/HTTP_ADDRESS/$HTTP_ADDRESS/" \
	-e "s/PUBLIC_ADDRESS/$public/" \
	"$here/nginx.conf" >nginx.conf
now=''
until [ -n "$now" ]; do
	now=$(servers)
	[ -n "$now" ] || sleep 1
done
echo "upstream instances { $now }" >instances.conf
nginx -p "$PROXY_DIR" -c nginx.conf -e stderr &
nginx=$!
trap 'kill -QUIT $nginx; wait $nginx; exit' TERM INT

looked=$(date +%s) served=$(sha256sum tls.crt)
while kill -0 "$nginx" 2>/dev/null; do
	sleep 1 &
	wait $!
	if [ $(($(date +%s) - looked)) -ge "${CERTIFICATE_EVERY:-86400}" ]; then
		looked=$(date +%s)
		sh "$here/certificate.sh" || true
		if [ "$(sha256sum tls.crt)" != "$served" ]; then
			served=$(sha256sum tls.crt)
			kill -HUP "$nginx"
		fi
	fi
	next=$(servers)
	if [ -n "$next" ] && [ "$next" != "$now" ]; then
		now=$next
		echo "upstream instances { $now }" >instances.conf
		kill -HUP "$nginx"
	fi
done
exit 1
