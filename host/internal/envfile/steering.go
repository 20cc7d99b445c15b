package envfile

import "strings"

// steering are names of variables by which a program can be made to run other code, use another server or read other
// settings. A program that reads an env file sets them for the programs that it starts, and Node.js, Docker Compose and
// direnv obey them in such a file themselves. No credential has such a name, and some values are of others. A name that
// ends in a star is the beginning of names; all are compared in upper case.
const steering = `PATH PATHEXT SHELL COMSPEC IFS ENV BASH_ENV BASH_FUNC_* SHELLOPTS BASHOPTS PROMPT_COMMAND PS1 PS4
	ZDOTDIR HOME USERPROFILE APPDATA LOCALAPPDATA TMPDIR XDG_* EDITOR VISUAL PAGER BROWSER LD_* DYLD_* GLIBC_* GCONV_PATH
	NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED NODE_REPL_* NPM_* YARN_* PNPM_* BUN_* DENO_*
	ELECTRON_* PYTHONSTARTUP PYTHONPATH PYTHONHOME PYTHONUSERBASE PYTHONBREAKPOINT PYTHONWARNINGS PYTHONEXECUTABLE PIP_*
	PERL5* PERLLIB RUBYOPT RUBYLIB GEM_* BUNDLE_* PHPRC PHP_INI_* COMPOSER_* JAVA_TOOL_OPTIONS _JAVA_OPTIONS JAVA_OPTS
	JDK_JAVA_OPTIONS JAVA_HOME CLASSPATH MAVEN_* GRADLE_* GOFLAGS GOPATH GOPROXY GOROOT GOENV GONOSUMDB GOINSECURE
	CARGO_* RUSTC* RUSTFLAGS DOTNET_* CORECLR_* COR_* MSBUILD* ASPNETCORE_HOSTINGSTARTUP* GIT_* SSH_* SUDO_* MAKEFLAGS
	MAKEFILES CC CXX LESSOPEN LESSCLOSE DOCKER_* COMPOSE_* KUBECONFIG HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY SSL_CERT_*
	SSLKEYLOGFILE CURL_CA_BUNDLE REQUESTS_CA_BUNDLE OPENSSL_* AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE AWS_CA_BUNDLE
	AWS_ENDPOINT_URL* AUTH0_MCP_*`

// steers reports whether a variable of this name changes what programs do.
func steers(name string) bool {
	name = strings.ToUpper(name)
	for one := range strings.FieldsSeq(steering) {
		if begin, many := strings.CutSuffix(one, "*"); name == one || many && strings.HasPrefix(name, begin) {
			return true
		}
	}
	return false
}
