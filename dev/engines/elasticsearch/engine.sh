# Which Elasticsearch; sourced by setup, start and stop. ELASTICSEARCH_VERSION picks another one, 9.x included.
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

name=elasticsearch
version=${ELASTICSEARCH_VERSION:-8.19.21}
generation=${version%%.*} # 8 or 9: the sources in shim/ and launcher/ that fit its signatures
case $generation in
  8) minimum_java=17 ;;
  *) minimum_java=21 ;;
esac
download_size='85 MB'
installation=$engine_cache/$name-$version
