#!/usr/bin/env bash
# Gets auth0-mcp for a job of GitHub Actions, and checks it against the checksums of its release.
set -euo pipefail
version=[[.HostVersion]]
archive=auth0-mcp_${version}_linux_amd64.tar.gz checksums=auth0-mcp_${version}_checksums.txt
from=https://github.com/auth0-mcp/auth0-mcp/releases/download/v$version
cd "$RUNNER_TEMP"
curl -fsSL --remote-name-all "$from/$archive" "$from/$checksums"
grep " $archive\$" "$checksums" | sha256sum --check
mkdir auth0-mcp
tar -xzf "$archive" -C auth0-mcp
dirname "$(find "$PWD/auth0-mcp" -name auth0-mcp -type f)" >>"$GITHUB_PATH"
