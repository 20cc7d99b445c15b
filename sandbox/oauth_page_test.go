package sandbox

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// page fetches a page: a GET without a form, else a POST of it.
func (c caller) page(path string, form url.Values) (status int, text string, header http.Header) {
	c.t.Helper()
	request := c.request(http.MethodGet, path, "")
	if form != nil {
		request = c.request(http.MethodPost, path, form.Encode())
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := c.tenant.Transport().RoundTrip(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return response.StatusCode, string(body), response.Header
}

// press reads the form on a page as a browser would, and sends it with the button.
func (c caller) press(page, button string) (int, string) {
	c.t.Helper()
	action := regexp.MustCompile(`<form method="post" action="([^"]+)">`).FindStringSubmatch(page)
	hidden := regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`).FindStringSubmatch(page)
	pressed := regexp.MustCompile(`<button type="submit" name="([^"]+)" value="([^"]+)">` + button +
		`</button>`).FindStringSubmatch(page)
	if action == nil || hidden == nil || pressed == nil {
		c.t.Fatalf("the page lacks a form, its code or the button %s:\n%s", button, page)
	}
	status, text, _ := c.page(action[1], url.Values{hidden[1]: {html.UnescapeString(hidden[2])}, pressed[1]: {pressed[2]}})
	return status, text
}

func TestActivationPage(t *testing.T) {
	for button, want := range map[string]struct {
		says   string
		status int
		code   string
	}{"Confirm": {"is signed in", 200, ""}, "Cancel": {"is not signed in", 403, "access_denied"}} {
		t.Run(button, func(t *testing.T) {
			c := newCaller(t, Options{})
			code := c.device("read:clients offline_access").want(200)
			link, err := url.Parse(code.textAt("verification_uri_complete"))
			if err != nil {
				t.Fatal(err)
			}
			status, page, header := c.page(link.RequestURI(), nil)
			if status != 200 || header.Get("Content-Type") != "text/html; charset=utf-8" ||
				!strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("status %d, headers %v", status, header)
			}
			for _, part := range []string{code.textAt("user_code"), "<li>read:clients</li>", "<li>offline_access</li>",
				"Auth0 device sign-in", userEmail, c.tenant.Domain(), `lang="en"`, "<title>", "<h1>"} {
				if !strings.Contains(page, part) {
					t.Errorf("the page lacks %s", part)
				}
			}
			c.poll(code).denied(403, "authorization_pending", "")
			status, done := c.press(page, button)
			if status != 200 || !strings.Contains(done, want.says) || !strings.Contains(done, `role="status"`) {
				t.Errorf("%d after %s:\n%s", status, button, done)
			}
			if answer := c.poll(code); want.code == "" {
				answer.want(want.status)
			} else {
				answer.denied(want.status, want.code, "")
			}
			// The back button doesn't decide twice.
			if status, again := c.press(page, button); status != http.StatusGone || !strings.Contains(again, "was used before") {
				t.Errorf("%d after a second press:\n%s", status, again)
			}
		})
	}
}

func TestActivationPageAsksForTheCode(t *testing.T) {
	c := newCaller(t, Options{})
	code := c.device("").want(200).textAt("user_code")
	status, page, _ := c.page(activatePath, nil)
	if status != 200 || !strings.Contains(page, `<form method="get" action="/activate">`) ||
		!strings.Contains(page, `<label for="typed">`) || !strings.Contains(page, `<input id="typed" name="user_code"`) {
		t.Errorf("status %d:\n%s", status, page)
	}
	typed := url.Values{"user_code": {" " + strings.ToLower(strings.ReplaceAll(code, "-", " "))}}
	if status, page, _ := c.page(activatePath+"?"+typed.Encode(), nil); status != 200 || !strings.Contains(page, code) ||
		!strings.Contains(page, "no permission") {
		t.Errorf("status %d for a code as users type:\n%s", status, page)
	}
}

func TestActivationPageProblems(t *testing.T) {
	clock := newClock()
	c := newCaller(t, Options{Now: clock.now})
	code := c.device("").want(200).textAt("user_code")
	check := func(name, user string, status int, says string) {
		t.Helper()
		for _, form := range []url.Values{nil, {"user_code": {user}, "action": {"confirm"}}} {
			path := activatePath
			if form == nil {
				path += "?user_code=" + url.QueryEscape(user)
			}
			got, page, _ := c.page(path, form)
			if got != status || !strings.Contains(page, says) || !strings.Contains(page, `role="alert"`) ||
				!strings.Contains(page, `id="typed"`) {
				t.Errorf("%s: status %d, want %d and %q:\n%s", name, got, status, says, page)
			}
		}
	}
	check("unknown", "BBBB-BBBB", 404, "is not known")
	if status, page, _ := c.page(activatePath, url.Values{"user_code": {code}, "action": {"maybe"}}); status != 400 ||
		!strings.Contains(page, "Press Confirm or Cancel") {
		t.Errorf("status %d for no button:\n%s", status, page)
	}
	clock.advance(15 * time.Minute)
	check("expired", code, 410, "has expired")
	fresh := c.device("").want(200).textAt("user_code")
	if err := c.tenant.Deny(fresh); err != nil {
		t.Fatal(err)
	}
	check("used", fresh, 410, "was used before")
	if status, page, _ := c.page(activatePath, url.Values{"action": {"confirm"}}); status != 404 ||
		strings.Contains(page, "signed in") {
		t.Errorf("status %d for a form without a code:\n%s", status, page)
	}
}

// Whatever a program calls itself and asks for, the page shows it as text.
func TestActivationPageEscapes(t *testing.T) {
	c := newCaller(t, Options{})
	const evil = `<script>alert(1)</script>"'`
	program := c.tenant.AddDevice(evil, false)
	code := c.form(devicePath, "client_id", program.ClientID, "scope", evil+" </ul>").want(200).textAt("user_code")
	for _, path := range []string{"?user_code=" + code, "?user_code=" + url.QueryEscape(evil)} {
		_, page, _ := c.page(activatePath+path, nil)
		if strings.Contains(page, "<script") || !strings.Contains(page, "&lt;script&gt;alert(1)") ||
			strings.Count(page, "</ul>") > 1 {
			t.Errorf("%s is not shown as text:\n%s", path, page)
		}
	}
}
