package main

import (
	"encoding/json"
	"fmt"
	"testing"
)

func resultReply(isError bool, effect string, texts ...string) reply {
	content := make([]map[string]string, len(texts))
	for i, text := range texts {
		content[i] = map[string]string{"type": "text", "text": text}
	}
	result := map[string]any{"content": content, "isError": isError}
	if effect != "" {
		result["_meta"] = map[string]string{"auth0-mcp/effect": effect}
	}
	data, _ := json.Marshal(result)
	return reply{Result: data}
}

const patched = "PATCH /api/v2/clients/a"

var report = fmt.Sprintf(`{"changed":[{"request":%q}]}`, patched)

// An answer is compared with what the tenant did: each row has an answer, and the changes
// that agree with it, of none, that one, another one and two.
func TestAnswersAgreeWithTheTenant(t *testing.T) {
	told := "Auth0 answered late. This call changed the tenant: " + patched + ". Check the tenant before you try again."
	uncertain := "No answer. It is not known whether " + patched +
		" was carried out: the change may or may not have happened."
	changes := [][]string{nil, {patched}, {"POST /api/v2/clients"}, {patched, patched}}
	for _, test := range []struct {
		name   string
		reply  reply
		agrees [4]bool
	}{
		{"done", resultReply(false, "changed", `{}`, report), [4]bool{false, true, false, false}},
		{"failed after a change", resultReply(true, "changed", told), [4]bool{false, true, false, false}},
		{"unknown", resultReply(true, "unknown", uncertain), [4]bool{true, true, true, false}},
		{"nothing changed", resultReply(true, "", "Auth0 answered 500. Nothing was changed."),
			[4]bool{true, false, false, false}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := answerOf(test.reply)
			if err != nil {
				t.Fatal(err)
			}
			for i, did := range changes {
				if err := got.check(did); (err == nil) != test.agrees[i] {
					t.Errorf("the tenant did %v: %v", did, err)
				}
			}
		})
	}
}

func TestAnswersThatContradictThemselves(t *testing.T) {
	for name, r := range map[string]reply{
		"a success with an unknown effect": resultReply(false, "unknown", `{}`, report),
		"a success without its report":     resultReply(false, "changed", `{}`),
		"a report without an effect":       resultReply(false, "", `{}`, report),
		"a change that its text denies":    resultReply(true, "changed", "It failed. Nothing was changed."),
		"uncertainty that its text denies": resultReply(true, "unknown", "It failed. Nothing was changed."),
		"a change in the text alone": resultReply(true, "",
			"This call changed the tenant: "+patched+". Check the tenant before you try again."),
		"uncertainty in the text alone": resultReply(true, "",
			"It is not known whether "+patched+" was carried out: the change may or may not have happened."),
		"an effect that there is not": resultReply(true, "none", "It failed."),
	} {
		if _, err := answerOf(r); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestRecordsAgreeWithAnswers(t *testing.T) {
	record := func(call, request string) recordedCall {
		return recordedCall{outcome: call, writes: map[int]recordedWrite{1: {patched, request}}}
	}
	made := answer{outcome: done, requests: []string{patched}, carriedOut: true}
	nothing := answer{outcome: failed, carriedOut: true}
	notKnown := answer{outcome: unknown, carriedOut: true}
	one := []string{patched}
	for name, test := range map[string]struct {
		answer answer
		did    []string
		call   recordedCall
		agrees bool
	}{
		"done":                           {made, one, record("ok", "ok"), true},
		"done, recorded as uncertain":    {made, one, record("may_have_happened", "may_have_happened"), false},
		"done, recorded as failed":       {made, one, record("error", "error"), false},
		"done without a record":          {made, one, recordedCall{}, false},
		"rejected":                       {nothing, nil, record("error", "error"), true},
		"rejected, recorded as done":     {nothing, nil, record("error", "ok"), false},
		"refused without a record":       {nothing, nil, recordedCall{}, false},
		"unknown":                        {notKnown, one, record("may_have_happened", "may_have_happened"), true},
		"unknown, recorded as failed":    {notKnown, nil, record("error", "error"), false},
		"call and request disagree":      {notKnown, nil, record("error", "may_have_happened"), false},
		"killed after the record":        {answer{outcome: lost}, one, record("", "may_have_happened"), true},
		"killed, a change on no record":  {answer{outcome: lost}, one, recordedCall{}, false},
		"cancelled before it began":      {answer{outcome: cancelled}, nil, recordedCall{}, true},
		"busy, and a write was recorded": {answer{outcome: busy}, nil, record("error", "may_have_happened"), false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := test.call.compare(&write{answer: test.answer, did: test.did}); (err == nil) != test.agrees {
				t.Error(err)
			}
		})
	}
}
