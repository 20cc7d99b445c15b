package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// jobTime is how long a job is pending.
const jobTime = 2 * time.Second

// newJob starts a job, which has ended when jobTime has passed.
func (t *Tenant) newJob(kind string, facts object) object {
	job := object{"type": kind, createdAt: millis(t.now())}
	for name, value := range facts {
		job[name] = value
	}
	job["id"] = "job_" + t.randomText(alphanumeric, 16)
	t.all("jobs").add(job)
	return job
}

// jobState adds how far a job is.
func (t *Tenant) jobState(job object) object {
	out := cloneObject(job)
	delete(out, "errors")
	started, _ := time.Parse(time.RFC3339, text(job[createdAt]))
	if t.now().Sub(started) < jobTime {
		out["status"], out["percentage_done"], out["time_left_seconds"] = "pending", number(0), number(2)
		delete(out, "summary")
		delete(out, "location")
		return out
	}
	out["status"] = "completed"
	if job["type"] != "verification_email" {
		out["percentage_done"], out["time_left_seconds"] = number(100), number(0)
	}
	return out
}

func (t *Tenant) job(c *call) (object, error) {
	if job := t.all("jobs").find(c.params["id"]); job != nil {
		return job, nil
	}
	return nil, t.tables.resources["jobs"].notFound("")
}

func (t *Tenant) getJob(c *call) (result, error) {
	job, err := t.job(c)
	if err != nil {
		return result{}, err
	}
	return c.answer(project(c.operation.Answer, t.jobState(job)))
}

func (t *Tenant) getJobErrors(c *call) (result, error) {
	job, err := t.job(c)
	if err != nil {
		return result{}, err
	}
	if list, _ := job["errors"].([]any); len(list) > 0 {
		return c.answer(clone(list))
	}
	return c.answer([]any{})
}

func (t *Tenant) exportUsers(c *call) (result, error) {
	id := text(c.body["connection_id"])
	if id != "" && t.all("connections").find(id) == nil {
		return result{}, t.tables.resources["connections"].notFound("")
	}
	facts := cloneObject(c.body)
	facts["location"] = "https://exports." + t.domain + "/" + t.randomText(alphanumeric, 22) + ".ndjson.gz?signature=" +
		t.randomText(hexDigits, 64)
	job := t.newJob("users_export", facts)
	return c.answer(project(c.operation.Answer, t.jobState(job)))
}

func (t *Tenant) sendVerificationMail(c *call) (result, error) {
	if t.all("users").find(text(c.body["user_id"])) == nil {
		return result{}, t.tables.resources["users"].notFound("")
	}
	return c.answer(project(c.operation.Answer, t.jobState(t.newJob("verification_email", nil))))
}

// importUsers reads the users of a file. What of them cannot be imported is an error of the job.
func (t *Tenant) importUsers(c *call) (result, error) {
	connection := t.all("connections").find(text(c.body["connection_id"]))
	if connection == nil {
		return result{}, t.tables.resources["connections"].notFound("")
	}
	if connection["strategy"] != "auth0" {
		return result{}, refused(http.StatusBadRequest, "The connection is not a database.", "operation_not_supported")
	}
	decoder := json.NewDecoder(strings.NewReader(text(c.body["users"])))
	decoder.UseNumber()
	var list []object
	if err := decoder.Decode(&list); err != nil {
		return result{}, refused(http.StatusBadRequest, "The users file is not a JSON array of users.", "invalid_body")
	}
	upsert, inserted, updated := c.body["upsert"] == true, 0, 0
	failures := []any{}
	for _, given := range list {
		existing := t.userOf(text(connection["name"]), given)
		switch {
		case existing != nil && !upsert:
			failures = append(failures, object{"user": given, "errors": []any{object{
				"code": "DUPLICATED_USER", "message": "The user already exist and upsert parameter is false",
			}}})
		case existing != nil:
			merge(existing, given, []string{"user_metadata", "app_metadata"})
			updated++
		default:
			made := cloneObject(given)
			made["connection"] = connection["name"]
			if _, err := t.tables.resources["users"].make(t, c, made); err != nil {
				failures = append(failures, object{"user": given,
					"errors": []any{object{"code": "INVALID_FORMAT", "message": err.Error()}}})
				continue
			}
			inserted++
		}
	}
	job := t.newJob("users_import", object{
		"connection_id": connection["id"], "connection": connection["name"], "errors": failures, "summary": object{
			"failed": number(len(failures)), "updated": number(updated), "inserted": number(inserted),
			"total": number(len(list)),
		},
	})
	if external := text(c.body["external_id"]); external != "" {
		job["external_id"] = external
	}
	out := t.jobState(job)
	delete(out, "percentage_done")
	delete(out, "time_left_seconds")
	return c.answer(out)
}

// userOf finds the user of a database with the email address of another description.
func (t *Tenant) userOf(connection string, given object) object {
	for _, user := range t.all("users").items {
		if hasIdentity(user, connection) && given["email"] != nil && user["email"] == given["email"] {
			return user
		}
	}
	return nil
}

// decodeForm reads a multipart body as an object of texts and booleans.
func decodeForm(r *Request, o *managementapi.Operation) (any, error) {
	media, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != managementapi.Multipart {
		return nil, refused(http.StatusUnsupportedMediaType, "Unsupported Media Type", "")
	}
	reader := multipart.NewReader(bytes.NewReader(r.Body), parameters["boundary"])
	out := object{}
	for {
		part, err := reader.NextPart()
		if err == io.EOF { //nolint:errorlint // NextPart returns it as it is
			return out, nil
		}
		if err != nil {
			return nil, refused(http.StatusBadRequest, "Invalid multipart payload format", "")
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, refused(http.StatusBadRequest, "Invalid multipart payload format", "")
		}
		value := string(content)
		member, known := o.Body.Member(part.FormName())
		isFlag := known && member.Schema.Resolve().Kind == managementapi.KindBoolean
		if isFlag && (value == "true" || value == "false") {
			out[part.FormName()] = value == "true"
		} else {
			out[part.FormName()] = value
		}
	}
}

// ticket answers with a link that is good for one use.
func ticket(page string) handler {
	return func(t *Tenant, c *call) (result, error) {
		id, email := text(c.body["user_id"]), text(c.body["email"])
		switch {
		case id != "":
			if t.all("users").find(id) == nil {
				return result{}, t.tables.resources["users"].notFound("")
			}
		case email != "" && c.body["connection_id"] != nil:
			connection := t.all("connections").find(text(c.body["connection_id"]))
			if connection == nil || t.userOf(text(connection["name"]), object{"email": email}) == nil {
				return result{}, t.tables.resources["users"].notFound("")
			}
		default:
			return result{}, badBody([]string{onProperty("Missing required property: user_id", "")})
		}
		link := "https://" + t.domain + page + "?ticket=" + t.randomText(alphanumeric, 32) + "#"
		return c.answer(object{"ticket": link})
	}
}

// Statistics come from the log.

const day = 24 * time.Hour

// activeUsers counts the users who have signed in during 30 days.
func (t *Tenant) activeUsers(c *call) (result, error) {
	users, since := map[string]bool{}, millis(t.now().Add(-30*day))
	for _, event := range t.logs {
		if event["type"] == "s" && text(event["date"]) >= since {
			users[text(event["user_id"])] = true
		}
	}
	return c.answer(number(len(users)))
}

func (t *Tenant) dailyStats(c *call) (result, error) {
	q := queryParams{c.query}
	from, to := firstText(q.text("from"), "00000000"), firstText(q.text("to"), "99999999")
	days := map[string]object{}
	for _, event := range t.logs {
		date := text(event["date"])
		member := map[string]string{"s": "logins", "ss": "signups", "pwd_leak": "leaked_passwords"}[text(event["type"])]
		bare := strings.ReplaceAll(date[:10], "-", "")
		if member == "" || bare < from || bare > to {
			continue
		}
		one := days[bare]
		if one == nil {
			one = object{"date": date[:10] + "T00:00:00.000Z", createdAt: date, "logins": 0, "signups": 0,
				"leaked_passwords": 0}
			days[bare] = one
		}
		count, _ := one[member].(int)
		one[member], one[updatedAt] = count+1, date
	}
	out := []object{}
	for _, bare := range slices.Sorted(maps.Keys(days)) {
		out = append(out, days[bare])
	}
	return c.answer(out)
}
