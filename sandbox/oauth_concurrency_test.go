package sandbox

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Many sign in at once, by page and in process: the race detector is the judge, every
// code gives tokens once, and a rotating token wins once.
func TestConcurrentSignIns(t *testing.T) {
	c := newCaller(t, Options{})
	codes := make([]answer, 8)
	for i := range codes {
		codes[i] = c.device(offlineScope).want(200)
	}
	status := func(form url.Values, path string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://x"+path,
			strings.NewReader(form.Encode()))
		if err != nil {
			t.Error(err)
			return 0
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := c.tenant.Transport().RoundTrip(request)
		if err != nil {
			t.Error(err)
			return 0
		}
		defer func() { _ = response.Body.Close() }()
		_, _ = io.Copy(io.Discard, response.Body)
		return response.StatusCode
	}
	var mu sync.Mutex
	exchanged := map[string]int{}
	var wait sync.WaitGroup
	for i, code := range codes {
		user, device := code.textAt("user_code"), code.textAt("device_code")
		for range 3 {
			wait.Go(func() {
				if i%2 == 0 {
					_ = c.tenant.Approve(user) // two of three come too late
				} else {
					status(url.Values{"user_code": {user}, "action": {"confirm"}}, activatePath)
				}
				got := status(url.Values{"grant_type": {grantDevice}, "client_id": {DeviceClientID}, "device_code": {device}},
					tokenPath)
				if got == 200 {
					mu.Lock()
					exchanged[device]++
					mu.Unlock()
				}
			})
		}
		wait.Go(func() {
			c.tenant.SetSignIn(SignIn{})
			_ = c.tenant.TokenRequests("")
			_ = c.tenant.AddDevice("x", true)
		})
	}
	wait.Wait()
	for _, code := range codes {
		if got := exchanged[code.textAt("device_code")]; got != 1 {
			t.Errorf("a code was exchanged %d times", got)
		}
	}
	if got := c.tenant.TokenRequests(grantDevice); got != 3*len(codes) {
		t.Errorf("%d polls were counted, want %d", got, 3*len(codes))
	}
}
