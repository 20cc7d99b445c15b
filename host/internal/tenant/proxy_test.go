package tenant

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The proxy is named without its password, also when its address is none. The test runs
// itself again, because net/http reads the variables once in a process.
func TestProxyIsNamedWithoutItsPassword(t *testing.T) {
	if os.Getenv("AUTH0_MCP_TEST_PROXY") != "" {
		fmt.Fprintf(os.Stderr, "[%s]\n", proxyOf("tenant.example"))
		return
	}
	for proxy, want := range map[string]string{
		"http://me:canary@proxy.example:8080": "[proxy.example:8080]",
		"http://me:canary%zz@proxy.example":   "[]",
		"":                                    "[]",
	} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = []string{"AUTH0_MCP_TEST_PROXY=1", "HTTPS_PROXY=" + proxy}
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) || strings.Contains(string(out), "canary") {
			t.Errorf("%s: %v\n%s", proxy, err, out)
		}
	}
}

// A refused password is not sent again for a while, whatever is called meanwhile.
func TestRefusedProxyPasswordIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := &url.URL{Scheme: "http", Host: "proxy.example:8080", User: url.UserPassword("me", "canary")}
		p := &proxy{of: http.ProxyURL(at)}
		r := &http.Request{URL: &url.URL{Scheme: "https", Host: "tenant.example"}}
		choose := func(want int) {
			t.Helper()
			got, err := p.choose(r)
			var refused *ProxyError
			if want == 0 && (err != nil || got != at) || want != 0 && (!errors.As(err, &refused) || refused.Status != want) {
				t.Errorf("%v, %v; want %d", got, err, want)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("the password is shown: %v", err)
			}
		}
		answer := func(status int) {
			if err := p.answered(t.Context(), at, nil, &http.Response{StatusCode: status}); (err == nil) != (status == 200) {
				t.Errorf("%d: %v", status, err)
			}
		}
		choose(0)
		answer(http.StatusBadGateway)
		choose(0)
		answer(http.StatusOK)
		answer(http.StatusProxyAuthRequired)
		choose(http.StatusProxyAuthRequired)
		time.Sleep(proxyHold)
		choose(0)
	})
}
