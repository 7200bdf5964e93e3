# Which OpenSearch; sourced by setup, start and stop. OPENSEARCH_VERSION picks another one.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

name=opensearch
version=${OPENSEARCH_VERSION:-}
# 3.x wants JDK 21. Where there is only an older one, the last 2.x serves.
if [ -z "$version" ]; then
  if find_java 21 > /dev/null; then version=3.4.0; else version=2.19.4; fi
fi
case $version in
  2.*) minimum_java=17 ;;
  *) minimum_java=21 ;;
esac
download_size='135 MB'
installation=$engine_cache/$name-$version
