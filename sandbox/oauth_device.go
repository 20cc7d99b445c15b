package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	// userCodeLetters can't spell a word and can't be confused. RFC 8628 section 6.1.
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeHalf    = 4
	// slowDownStep is what a poll that came too early adds to the interval. RFC 8628
	// section 3.5.
	slowDownStep = 5 * time.Second
	// deviceMemory is how long a code is remembered after its end, to be called
	// expired and not unknown.
	deviceMemory = time.Hour
)

// decision is what became of a device code.
type decision int

const (
	undecided decision = iota
	approved
	denied
	exchanged
)

// deviceRequest is a device code that was handed out, with its user code.
type deviceRequest struct {
	clientID   string
	deviceCode string
	userCode   string
	audience   string
	scopes     []string
	expires    time.Time
	interval   time.Duration
	polled     time.Time // zero before the first poll
	decision   decision
}

// startDevice hands out a device code. RFC 8628 section 3.1.
func (t *Tenant) startDevice(_ *Request, p oauthParams) (response, error) {
	id := p["client_id"]
	if id == "" {
		return response{}, missing("client_id")
	}
	client := t.findClient(id)
	if client == nil {
		return response{}, refuseOAuth(http.StatusForbidden, "invalid_request", "Unknown client: %s", id)
	}
	if err := mayUse(client, grantDevice); err != nil {
		return response{}, err
	}
	if audience := p["audience"]; audience != "" {
		target, found := t.findTarget(audience)
		if !found {
			return response{}, errNoService(audience)
		}
		if _, err := t.grantable(client, target, subjectUser); err != nil {
			return response{}, err
		}
	}
	now := t.now()
	t.oauth.devices = slices.DeleteFunc(t.oauth.devices,
		func(d *deviceRequest) bool { return now.After(d.expires.Add(deviceMemory)) })
	d := &deviceRequest{
		clientID: id, deviceCode: t.randomText(secretDigits, 43), userCode: t.newUserCode(), audience: p["audience"],
		scopes: p.scopes(), expires: now.Add(t.oauth.signIn.CodeLifetime), interval: t.oauth.signIn.PollInterval,
	}
	t.oauth.devices = append(t.oauth.devices, d)
	page := "https://" + t.domain + activatePath
	return jsonAnswer(http.StatusOK, object{
		"device_code": d.deviceCode, "user_code": d.userCode, "verification_uri": page,
		"verification_uri_complete": page + "?user_code=" + d.userCode,
		"expires_in":                seconds(t.oauth.signIn.CodeLifetime), "interval": seconds(d.interval),
	}), nil
}

// seconds rounds up.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// newUserCode draws a code that no remembered request has.
func (t *Tenant) newUserCode() string {
	for {
		code := t.randomText(userCodeLetters, userCodeHalf) + "-" + t.randomText(userCodeLetters, userCodeHalf)
		if t.findUserCode(code) == nil {
			return code
		}
	}
}

// findUserCode finds the request with a code as a user types it: in any case, with
// or without the dash.
func (t *Tenant) findUserCode(typed string) *deviceRequest {
	letters := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToUpper(typed))
	for _, d := range t.oauth.devices {
		if strings.ReplaceAll(d.userCode, "-", "") == letters {
			return d
		}
	}
	return nil
}

// codeProblem says why a user code can't be confirmed.
type codeProblem string

const (
	codeUnknown codeProblem = "is not known: start signing in again to get a new one"
	codeExpired codeProblem = "has expired: start signing in again to get a new one"
	codeUsed    codeProblem = "was used before: start signing in again to get a new one"
)

// pendingCode finds a code that waits for its decision. The problem is empty then.
func (t *Tenant) pendingCode(userCode string) (*deviceRequest, codeProblem) {
	d := t.findUserCode(userCode)
	switch {
	case d == nil:
		return nil, codeUnknown
	case d.decision != undecided:
		return nil, codeUsed
	case !t.now().Before(d.expires):
		return nil, codeExpired
	}
	return d, ""
}

// Approve decides a pending device code in process, as the Confirm button of the
// page does. It fails if the user code is unknown, expired or decided already.
func (t *Tenant) Approve(userCode string) error { return t.decide(userCode, approved) }

// Deny refuses a pending device code, as the page's Cancel button does. It fails as
// Approve does.
func (t *Tenant) Deny(userCode string) error { return t.decide(userCode, denied) }

func (t *Tenant) decide(userCode string, what decision) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	d, problem := t.pendingCode(userCode)
	if problem != "" {
		return fmt.Errorf("sandbox: user code %q %s", userCode, problem)
	}
	d.decision = what
	return nil
}

// exchangeDevice answers a poll with a device code. RFC 8628 sections 3.4 and 3.5.
func (t *Tenant) exchangeDevice(client object, p oauthParams) (response, error) {
	code := p["device_code"]
	if code == "" {
		return response{}, missing("device_code")
	}
	now := t.now()
	at := slices.IndexFunc(t.oauth.devices, func(d *deviceRequest) bool {
		return d.deviceCode == code && client["client_id"] == d.clientID && d.decision != exchanged
	})
	if at < 0 {
		return response{}, refuseOAuth(http.StatusForbidden, "invalid_grant",
			"The device code is unknown, or was exchanged before.")
	}
	d := t.oauth.devices[at]
	switch {
	case !now.Before(d.expires):
		return response{}, oauthProblem("expired_token")
	case d.decision == denied:
		return response{}, oauthProblem("access_denied")
	case d.decision == undecided:
		return response{}, d.poll(now)
	}
	s := session{client: client, subject: personID, audience: d.audience, scopes: d.scopes}
	answer, err := t.openSession(s)
	if err == nil {
		d.decision = exchanged
	}
	return answer, err
}

// poll tells a client to go on waiting, and to wait longer if it came too early.
func (d *deviceRequest) poll(now time.Time) error {
	early := !d.polled.IsZero() && now.Sub(d.polled) < d.interval
	d.polled = now
	if !early {
		return oauthProblem("authorization_pending")
	}
	problem := oauthProblem("slow_down")
	problem.description = fmt.Sprintf("You are polling faster than the specified interval of %d seconds.",
		seconds(d.interval))
	d.interval += slowDownStep
	return problem
}
