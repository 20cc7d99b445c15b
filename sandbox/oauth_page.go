package sandbox

import (
	"bytes"
	"fmt"
	"html"
	"net/http"
)

// activationHead is how the page begins on which a user confirms a device code. It needs no
// script, works with a keyboard and a screen reader, and loads nothing.
const activationHead = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s – %s</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 30rem; margin: 3rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff; }
.code { font: 700 2rem/1.5 ui-monospace, monospace; letter-spacing: .1em; }
input, button { font: inherit; padding: .5rem 1rem; margin: .25rem .5rem .25rem 0;
  border: 2px solid #1a1a1a; border-radius: .25rem; }
button { cursor: pointer; background: #fff; color: #1a1a1a; }
button[value=confirm], form > button:only-of-type { background: #1a1a1a; color: #fff; }
:focus-visible { outline: 3px solid #0b57d0; outline-offset: 2px; }
</style>
</head>
<body>
<main>
<h1>%s</h1>
`

// codeForm asks for a code.
const codeForm = `<form method="get" action="/activate">
<p><label for="typed">The code that the program shows you</label></p>
<input id="typed" name="user_code" autocomplete="off" autocapitalize="characters" spellcheck="false" required
  placeholder="XXXX-XXXX">
<button type="submit">Continue</button>
</form>
`

// activationPage is what the page says. It confirms a code, reports an outcome or
// asks for a code, in this order of preference.
type activationPage struct {
	Title, Tenant, User string
	Done                string
	UserCode, Client    string
	Scopes              []string
	Problem             string
}

// showActivation is where a verification URI leads: to the code that it names, or to
// the question for one.
func (t *Tenant) showActivation(_ *Request, p oauthParams) (response, error) {
	if p["user_code"] == "" {
		return t.render(http.StatusOK, activationPage{Title: "Connect a program"})
	}
	d, problem := t.pendingCode(p["user_code"])
	if problem != "" {
		return t.renderProblem(p["user_code"], problem)
	}
	client, _ := t.findClient(d.clientID)["name"].(string)
	return t.render(http.StatusOK,
		activationPage{Title: "Confirm the code", UserCode: d.userCode, Client: client, Scopes: d.scopes})
}

// decideActivation takes the answer of the page's buttons. There is no sign-in to a
// sandbox, so there is no session that a forged form could misuse.
func (t *Tenant) decideActivation(_ *Request, p oauthParams) (response, error) {
	d, problem := t.pendingCode(p["user_code"])
	if problem != "" {
		return t.renderProblem(p["user_code"], problem)
	}
	switch p["action"] {
	case "confirm":
		d.decision = approved
		return t.render(http.StatusOK, activationPage{Title: "Connected", Done: "The program is signed in. You can close " +
			"this page and go back to it."})
	case "cancel":
		d.decision = denied
		return t.render(http.StatusOK, activationPage{Title: "Refused", Done: "The program is not signed in. You can " +
			"close this page."})
	}
	return t.render(http.StatusBadRequest, activationPage{Title: "Connect a program", Problem: "Press Confirm or Cancel."})
}

func (t *Tenant) renderProblem(userCode string, problem codeProblem) (response, error) {
	status := http.StatusGone
	if problem == codeUnknown {
		status = http.StatusNotFound
	}
	return t.render(status, activationPage{Title: "Connect a program", Problem: fmt.Sprintf("The code %s %s.", userCode,
		problem)})
}

// html writes the page. Every text in it is escaped: html/template would make the linker keep every method of every
// type of the server that has the sandbox.
func (p activationPage) html() []byte {
	var out bytes.Buffer
	write := func(format string, texts ...string) {
		escaped := make([]any, len(texts))
		for i, text := range texts {
			escaped[i] = html.EscapeString(text)
		}
		fmt.Fprintf(&out, format, escaped...)
	}
	write(activationHead, p.Title, p.Tenant, p.Title)
	switch {
	case p.Done != "":
		write(`<p id="outcome" role="status">%s</p>`+"\n", p.Done)
	case p.UserCode != "":
		write("<p><strong>%s</strong> wants to sign in as %s.\nCompare the code with the one that it shows you:</p>\n"+
			`<p class="code" id="user-code">%s</p>`+"\n", p.Client, p.User, p.UserCode)
		if len(p.Scopes) == 0 {
			write("<p>It asks for no permission.</p>\n")
		} else {
			write(`<h2 id="scopes-title">It asks to be allowed</h2>` + "\n" +
				`<ul id="scopes" aria-labelledby="scopes-title">` + "\n")
			for _, scope := range p.Scopes {
				write("<li>%s</li>\n", scope)
			}
			write("</ul>\n")
		}
		write(`<form method="post" action="/activate">
<input type="hidden" name="user_code" value="%s">
<button type="submit" name="action" value="confirm">Confirm</button>
<button type="submit" name="action" value="cancel">Cancel</button>
</form>
`, p.UserCode)
	default:
		if p.Problem != "" {
			write(`<p id="problem" role="alert">%s</p>`+"\n", p.Problem)
		}
		write(codeForm)
	}
	write("</main>\n</body>\n</html>\n")
	return out.Bytes()
}

func (t *Tenant) render(status int, page activationPage) (response, error) {
	page.Tenant, page.User = t.domain, userEmail
	return response{status: status, body: page.html(), header: http.Header{
		"Content-Type":  {"text/html; charset=utf-8"},
		"Cache-Control": {"no-store"},
		"Content-Security-Policy": {"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; " +
			"frame-ancestors 'none'"},
		"Referrer-Policy":        {"no-referrer"},
		"X-Content-Type-Options": {"nosniff"},
	}}, nil
}
