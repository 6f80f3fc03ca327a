# Words of the record pages, for both portals.

# The fifteen sections, in one order everywhere
sections = Record sections
section-demographics = Particulars
section-summary = Summary
section-outpatient = Outpatient
section-inpatient = Inpatient
section-orders = Orders
section-prescriptions = Prescriptions
section-medications = Medicines
section-lab-results = Lab results
section-exam-reports = Exam reports
section-surgery = Surgery
section-nursing = Nursing
section-discharge = Discharge
section-charges = Charges
section-front-page = Front sheet
section-personal-record = Health file
section-hint-demographics = Name, identifiers, phone and address as each hospital has them
section-hint-summary = Allergies, diagnoses, medicines, recent results
section-hint-outpatient = Visits and emergencies
section-hint-inpatient = Each stay
section-hint-orders = Long-term and one-off orders
section-hint-prescriptions = What doctors prescribed
section-hint-medications = What was dispensed and given
section-hint-lab-results = Values, reference ranges and how they change
section-hint-exam-reports = Reports other than imaging
section-hint-surgery = Operations and anaesthesia
section-hint-nursing = Vital signs and nursing
section-hint-discharge = A summary of each stay
section-hint-charges = Costs and payment
section-hint-front-page = The front sheet of each stay
section-hint-personal-record = Family history, habits, your own entries

# Patient banner
current-patient = Current patient
born = Born
birth-date-unknown = birth date unknown
index-number = Index number
age-years = { $age } y
sex-male = Male
sex-female = Female
sex-other = Other sex
sex-unknown = Sex unknown
sex-not-said = Sex not recorded
identifier-resident-id = Resident ID
identifier-record-number = Record no.
identifier-other = Other identifier
identifier-spoken = starts { $start }, ends { $end }
print-line = { $name }   { $sex }   born { $born }   index { $number }
printed-by = Printed by { $name }, { $at } · contains personal health information; destroy safely after use

# Sources and completeness
as-of = As of
ask-again = Ask again
look-again = Look again
state-answered = answered
state-partial = in part
state-refused = refused
state-unreachable = no answer
state-not-asked = not asked
state-unsupported = not supported
state-hidden = not shown
state-not-linked = not linked
partial-title = { $silent } of { $linked } hospitals did not answer in full: what follows may be incomplete
silence-partial = { $name } answered in part ({ $entries } entries, { $pages } pages): { $why }. There may be more.
silence-parts = { $name } answered in part, not all of: { $parts } ({ $why }). { $entries } entries are listed; check the rest with the patient.
not-offered = { $name } does not offer this kind of data
not-offered-parts = { $name } does not offer: { $parts }
not-offered-plain = The system of { $name } can’t give this yet; that does not mean there is none.
not-offered-parts-plain = The system of { $name } can’t give these yet: { $parts }. That does not mean there are none.
part-name-allergies = allergies
part-name-problems = diagnoses
part-name-medicines = medicines
part-name-immunizations = vaccinations
part-name-procedures = procedures
part-name-devices = devices
part-name-results = laboratory results
part-name-encounters = visits
part-name-reports = reports
part-name-diagnoses = diagnoses of visits
part-name-notes = notes
part-name-service-orders = service orders
part-name-medication-orders = medication orders
part-name-nutrition-orders = diet orders
part-name-prescriptions = prescriptions
part-name-dispenses = dispensing
part-name-administrations = administration of medicines
part-name-statements = medication statements
part-name-stays = stays
part-name-findings = vital signs and assessments
part-name-care-plans = care plans
part-name-discharge-summaries = discharge summaries
part-name-compositions = structured documents
part-name-benefits = settlements
part-name-claims = claims
part-name-accounts = accounts
part-name-charge-items = charges
part-name-invoices = invoices
part-name-coverages = coverage
part-name-family-history = family history
part-name-social-history = habits
part-name-questionnaires = questionnaires
silence-refused = { $name } refused the query: { $why }. Its content is not listed; check with the patient.
silence-unreachable = { $name } did not answer within { $seconds } s: { $why }. Its content is not listed; check with the patient.
silence-not-asked = { $name } was not asked: { $why }. Its content is not listed; check with the patient.
silence-unsupported = The system of { $name } does not offer this kind of query; nothing from it will be here.
silence-hidden = Content of { $name } is not shown, by policy.
partial-patient-title = { $names } did not answer in full
partial-patient-text = { $others ->
    [0] Nothing can be found right now. That does not mean there is nothing.
   *[other] What is there may not be listed; the other hospitals’ is. Please tell your doctor.
}
without = May be incomplete: { $names }
source-detail-answered = { $seconds } s · queries: { $queries } · pages: { $pages } · entries: { $entries }
source-detail-partial = { $why } · entries listed: { $entries }, pages: { $pages }, waited { $seconds } s
source-not-offered = does not offer: { $parts }
source-detail-refused = { $why }
source-detail-unreachable = { $why } · waited { $seconds } s
source-detail-not-asked = { $why }
source-detail-unsupported = no such resource or search in this system
source-detail-hidden = not shown, by policy
source-detail-not-linked = the patient has no linked identity here
source-dropped = { $dropped } more were another patient’s or not what was asked for, and were dropped
source-age = data is { $minutes } min old
why-unknown = reason unknown
why-refused = read access was not granted
why-unsupported = not supported there
why-paused = it is paused by the portal's administrators
why-removed = it is no longer connected to the portal
why-unusable = this portal can't use how it is set up
why-sign-in = the portal could not sign in there
why-resting = it failed several times lately, so it is left alone for a moment and then tried again
why-told-to-wait = it asked us to wait before the next query
why-copied = from a copy made earlier: sign in there again to read what is new
why-timeout = it took too long
why-too-slow = transfer too slow
why-connect = no connection
why-protocol = communication error
why-status = the server answered with an error
why-garbage = the answer could not be read
why-truncated = the answer broke off
why-encoding = wrong text encoding
why-broken-entry = an entry was damaged
why-loop = paging ran in a circle
why-too-many-pages = more pages than allowed
why-too-many-entries = more entries than allowed
why-too-large = larger than allowed
why-origin = paging led elsewhere and was stopped
why-address = the address is not allowed
why-next-failed = a later page could not be read
why-fewer-than-total = it has more than it sent, and no way to the rest
why-foreign-dropped = sent entries that are not this patient’s; they were left out
why-session-expired = the paging session expired
why-break-the-glass = the source asks for an emergency reason
why-issue = the source says the result may be incomplete
ledger-title = Answers by hospital
ledger-note = who answered, how much, and why not
ledger-state = State
ledger-detail = Details
column-hospital = Hospital
column-source = Source
not-said = not recorded
date-not-said = no date
read-at = read { $at }

# When there is nothing: first why
empty-labs-none-title = No laboratory results
empty-labs-none-text = Every linked hospital answered; there are no laboratory results.
empty-labs-unknown-title = Unknown whether there are results
empty-labs-unknown-text = Nothing came, but not every hospital answered in full, so nobody can say there is nothing.
empty-labs-not-linked-title = No hospital to ask
empty-labs-not-linked-text = This patient has no linked identity at any connected hospital, so there was nowhere to ask. That does not mean there are no results.
empty-demographics-none-title = No registration
empty-demographics-none-text = Every linked hospital answered; there is no registration.
empty-demographics-unknown-title = Registrations can’t be seen right now
empty-demographics-unknown-text = Nothing came, but not every hospital answered in full.
empty-demographics-not-linked-title = No hospital to ask
empty-demographics-not-linked-text = This patient has no linked identity at any connected hospital.
plain-empty-labs-none = Your hospitals have answered: there are no laboratory results. New ones appear here when they are ready.
plain-empty-labs-unknown = Nothing can be found right now. That does not mean there is nothing. Look again later, or ask the hospital if it is urgent.
plain-empty-labs-not-linked = No hospital is linked with your account yet. Ask your hospital to check the ID number they have for you.
plain-empty-demographics-none = Your hospitals have answered: there is no registration.
plain-empty-demographics-unknown = Nothing can be found right now. Please look again later.
plain-empty-demographics-not-linked = No hospital is linked with your account yet. Ask your hospital to check the ID number they have for you.

# Particulars
registrations-title = Registrations
registrations-count = { $count }, side by side
registrations-differ = differs, please check
registrations-note = Shown as each hospital has them, never rewritten; the middle of phone and ID numbers is covered
registration-inactive = inactive
particular = Particular
particular-names = Name
particular-sex = Sex
particular-birth-date = Birth date
particular-identifiers = Identifiers
particular-deceased = Deceased
particular-phones = Phone
particular-addresses = Address
particular-contacts = Contacts
deceased-yes = yes
links-title = Why this is believed to be one person
links-count = { $count ->
    [one] 1 identity
   *[other] { $count } identities
}
links-identity = Identity there
links-how = Linked by
links-evidence = Evidence
links-since = Since
links-none = No hospital’s identity is linked yet.
link-how-strong-key = strong identifier, automatic
link-how-steward = index steward
link-how-first-seen = first seen at this hospital
link-how-merged = merged by the source
link-how-connected = connected by the patient themselves
evidence-resident-id = same resident ID
evidence-birth-date = birth date agrees
evidence-sex = sex agrees
evidence-replaced-by = the hospital says the two records were merged
evidence-name = name agrees

# Laboratory
lab-filters = Filter laboratory results
filter-panel = Panel
filter-panel-all = All panels
filter-source = Source
filter-source-all = All hospitals
filter-period = Period
period-3m = 3 months
period-12m = 12 months
period-5y = 5 years
period-all = All
filter-text = Analyte
filter-text-example = name or code
filter-abnormal = Only abnormal
filter-apply = Filter
filter-clear = Clear
panel-other = Others
matrix-title = Result matrix
matrix-caption = Laboratory results: analytes in rows, dates in columns, newest on the left
matrix-scroll = Result matrix, scrolls sideways
matrix-summary = { $rows } analytes × { $columns } dates, newest left · { $abnormal } abnormal, { $critical } critical
matrix-older = { $count } older
matrix-newer = Newer
matrix-rows-elsewhere = { $count } more analytes have no result on these dates and are not listed
lab-analyte = Analyte
lab-range = Reference range
cell-not-tested = not tested
cell-no-value = no result
cell-conflict = conflict
cell-also-at = The same result also from
legend-range = Judged by the reporting laboratory’s own range
legend-origin = A value leads to where it comes from
flag-critical-high = critical, high
flag-high = high
flag-low = low
flag-critical-low = critical, low
flag-abnormal = abnormal
flag-normal = in range
flag-critical = critical
status-registered = pending
status-preliminary = preliminary
status-amended = amended
status-corrected = corrected
status-cancelled = cancelled
status-unknown = status unknown
lab-filtered-title = Nothing passes the filters
lab-filtered-text = No result fits “{ $filters }”; there are { $total } in all.
history-title = { $name }: every result
history-note = as each laboratory wrote it, newest first
history-scroll = All results, scrolls sideways
history-time = Taken
history-issued = Reported
history-value = Result
history-code = Laboratory’s name
history-remarks = Specimen and remarks
history-not-listed = { $count } older ones are not listed
conflicts-title = Results that disagree
conflicts-note = side by side, not ranked
conflict-against = against
conflict-check = please check
chart-title = { $name } over time
chart-description = { $count } results. { $first } on { $first_at }, highest { $high } ({ $high_at }), lowest { $low } ({ $low_at }), latest { $last } on { $last_at }.
chart-description-range = { " " }Reference range { $range }.
chart-range = Reference range { $range }
chart-as-table = View as table
chart-table = { $name }: all results
chart-converted = * as sent, in another unit; drawn converted
chart-not-plotted = { $count } more can’t share this axis and are not drawn
chart-shape-high = ▲ high
chart-shape-low = ▼ low
chart-shape-critical = ◉ critical
chart-shape-abnormal = ◆ abnormal
chart-shape-normal = ○ in range
chart-shape-unjudged = ○ no range given
range-at-least = ≥ { $low }
range-at-most = ≤ { $high }

# What patients read
day-title = { $date }, { $source }
day-all-normal = All { $count } results of this day are in range
day-others-normal = { $count } more in range
newest-others = { $count } more that day, { $abnormal ->
    [0] none outside its range
   *[other] { $abnormal } outside their ranges
}.
plain-critical-high = Clearly high
plain-high = High
plain-low = Low
plain-critical-low = Clearly low
plain-abnormal = Abnormal
plain-normal = In range
plain-unflagged = Not marked
plain-status-registered = not ready yet
plain-status-preliminary = preliminary, may still change
plain-status-amended = amended by the hospital
plain-status-corrected = corrected by the hospital
plain-status-cancelled = cancelled by the hospital
plain-status-unknown = status unknown
sentence-critical-high = Clearly above the reference range. Please contact the reporting hospital or your doctor soon.
sentence-high = Above the reference range.
sentence-low = Below the reference range.
sentence-critical-low = Clearly below the reference range. Please contact the reporting hospital or your doctor soon.
sentence-abnormal = The report marks this as abnormal.
sentence-normal = Within the reference range.
sentence-unflagged = The report does not say whether this is high or low. Please ask your doctor.
sentence-no-value = The report has no value for this.
sentence-parts = This result has several parts:
range-bar-label = { $name } { $value }, reference range { $range }, { $flag }

# Patient search
search-title = Find a patient
search-title-for = Find a patient: { $query }
search-label = Name, resident ID, record number or index number
search-submit = Search
search-hint = Name, pinyin or initials, an 18-digit resident ID, a record number or the index number
search-criteria = Search
search-audited = Searches are recorded in the access log
audit-note = Access is recorded
search-answers = Answers by hospital
search-detail-answered = { $seconds } s · registrations: { $entries }
search-detail-partial = in part (registrations: { $entries }): { $why }; some people may be missing
search-detail-refused = { $why }; people known only here may be missing
search-detail-unreachable = waited { $seconds } s, { $why }; people known only here may be missing
search-detail-not-asked = { $why }; people known only here may be missing
search-detail-unsupported = this system can’t be searched like this; people known only here are missing
search-detail-hidden = not shown, by policy
search-detail-not-linked = not asked
search-count = { $count ->
    [one] 1 result
   *[other] { $count } results
}
search-count-narrowed = { $shown } of { $count } people match
search-filters = Narrow the list
search-relation-note = Records of patients you have no treatment relation to ask for a reason first
search-narrowed-none = Nobody matches these filters
search-narrowed-text = { $total } people were found; the filters leave none of them.
filter-sex = Sex
filter-any = Any
filter-born-from = Born from
filter-born-until = to
column-relation = Your relation
relation-care = Treatment relation
relation-break-glass = Opened in an emergency
relation-none = No treatment relation
search-more = There are more people than listed here; type more of the name, or the resident ID.
search-not-swept = Pinyin, initials and ends of phone numbers find only people met before at: { $names }
search-complete = { $answered } of { $all } hospitals answered
search-incomplete = { $answered } of { $all } hospitals answered in full; there may be more
search-table = Search results, scrolls sideways
search-check = Each row has the index number and an identifier: check both before opening
search-none = Nobody found for “{ $query }”
search-none-complete = All { $all } hospitals answered; none has such a registration.
search-none-incomplete = Only { $answered } of { $all } hospitals answered in full, so nobody can say this person is not registered.
search-none-next = Check the spelling on the ID card, or search by resident ID.
search-start = Enter a name or a resident ID
search-start-text = The portal asks all connected hospitals at once and says which did not answer.
search-problem-too-short-title = That is too short
search-problem-too-short-text = Enter at least two characters of the name, or the whole resident ID.
search-problem-invalid-title = That can’t be searched for
search-problem-invalid-text = A resident ID has 18 digits, the last may be X; check for a slip.
search-problem-expired-title = This search has expired
search-problem-expired-text = Results are kept for 10 minutes; please enter it again.
search-problem-to-field = Go to the field
possible-duplicate = possible duplicate
possible-duplicate-text = Same name, sex and birth date as another row, but not linked: check the ID card.
no-identifiers = no identifiers
column-name = Name
column-sex-age = Sex, age
column-birth = Born
column-number = Index number
column-identifiers = Identifiers
column-hospitals = Hospitals

# First page
greeting-morning = Good morning, { $name }
greeting-noon = Good day, { $name }
greeting-afternoon = Good afternoon, { $name }
greeting-evening = Good evening, { $name }
hospitals-count = { $count }
hospitals-none = No hospital is connected yet.
hospitals-note = As of the last answer; when one is silent, record pages still open and say so
hospital-ok = working
hospital-bad = no answer
hospital-not-asked = not asked yet
hospital-last = answered { $at }, { $seconds } s
hospital-last-silent = asked { $at }, waited { $seconds } s
hospital-no-last = not asked since the portal started
hospital-sandbox = test system

# Results that exist and are not shown to the patient yet
held-title = There are results that are not shown yet
held-in-progress = { $count } not final yet; shown when they are.
held-explained = { $count } that a doctor will explain in person: please contact the reporting hospital.
empty-labs-held-title = Nothing to show right now
plain-empty-labs-held = There are results that can’t be shown here yet; see above for why.

# --- Summary, outpatient visits ---
allergies-title = Allergies and intolerances
glass-until = Emergency access until
glass-left = { $minutes ->
    [one] { $minutes } minute left
   *[other] { $minutes } minutes left
}
allergy-known = Allergies:{" "}
allergy-known-incomplete = Allergies:{" "}
allergy-none-known = No known allergies
allergy-not-recorded = Allergies: not recorded
allergy-unavailable = Allergies: can’t be found out
allergy-asking = Allergies: not asked yet
allergy-not-permitted = Allergies: not permitted
allergy-text-known = Every linked hospital answered.
allergy-text-known-incomplete = A hospital did not answer in full; there may be more. Ask the patient.
allergy-text-none-known = every hospital says so, and every one answered
allergy-text-not-everywhere = some hospital says there are none known, but not every one; ask the patient
allergy-text-not-recorded = never asked or never written down; ask the patient
allergy-text-unavailable = nothing came, which is not none; ask the patient
allergy-text-asking = this page did not ask; ask the patient
allergy-text-not-permitted = you may not see allergies; ask the patient
allergy-incomplete = May be incomplete
allergy-silent = no full answer from { $names }
allergy-more = and { $count } more
none-known-any = “No known allergies”
none-known-medication = “No known medicine allergies”
none-known-food = “No known food allergies”
none-known-environment = “No known environmental allergies”
none-known-title = Statements that there are none
severity-severe = severe
severity-moderate = moderate
severity-mild = mild
criticality-high = high risk
criticality-low = low risk
criticality-unable-to-assess = risk can’t be assessed
reaction-not-said = reaction not said
recorded-at = recorded { $date }
verification-unconfirmed = unconfirmed
verification-presumed = presumed
verification-provisional = provisional
verification-differential = differential
verification-refuted = refuted
clinical-active = active
clinical-recurrence = recurrence
clinical-relapse = relapse
clinical-remission = remission
clinical-inactive = inactive
clinical-resolved = resolved
clinical-not-said = not said
medicine-active = active
medicine-on-hold = on hold
medicine-cancelled = cancelled
medicine-completed = completed
medicine-stopped = stopped
medicine-draft = draft
medicine-unknown = status unknown
medicine-not-said = status not said
event-not-done = not done
event-completed = completed
event-in-progress = in progress
event-preparation = in preparation
event-on-hold = on hold
event-stopped = stopped
event-inactive = not in use
event-unknown = status unknown
encounter-planned = planned
encounter-arrived = arrived
encounter-triaged = triaged
encounter-in-progress = in progress
encounter-onleave = on leave
encounter-cancelled = cancelled
encounter-unknown = status unknown
visit-outpatient = Outpatient
visit-emergency = Emergency
visit-inpatient = Inpatient
visit-diagnosis-alone = Diagnosis that names no visit
visit-unknown = Kind unknown
stay-days = { $days ->
    [one] { $class }, 1 day
   *[other] { $class }, { $days } days
}
part-missing = Without { $name } ({ $state })
part-empty-none = Every linked hospital answered: nothing recorded.
part-empty-past = Nothing now; earlier ones below.
part-empty-unknown = Nothing came, but not everyone answered in full: this is not “none”.
part-empty-refused = No permission to read this part: this is not “none”.
part-empty-unsupported = The linked hospitals’ systems don’t offer this: this is not “none”.
part-empty-not-linked = No linked hospital to ask.
part-more = { $count } more
problems-title = Problems
problems-count = { $count } on record
problems-past = { $count } past
problem = Problem
problem-since = Since
problem-is-recorded = date of recording
problem-status = Status
recent-labs-title = Recent results
recent-labs-note = 12 months · green band: reference range
recent-labs-all = All results
recent-labs-elsewhere = { $count } more not listed here
recent-value = Newest
recent-trend = Trend
recent-trend-none = once only
recent-sampled = Sampled / source
result-previous = before: { $value } ({ $date })
result-critical = { $date } critical { $value }
result-against = Contradicted:
spark-label = { $name }, last { $count }: { $values }
medicines-title = Current medicines
medicines-past = { $count } stopped
medicine = Medicine
medicine-dose = Dose
medicine-usage = Use
medicine-since = Since
medicine-changed = dose changed
medicine-changed-from = was { $dose }
prescribed-by = prescribed by { $name }
timeline-title = Encounters
timeline-count = { $count }
timeline-scroll = { $count } earlier
timeline-outpatient = ○ Outpatient
timeline-inpatient = ■ Inpatient
timeline-emergency = ◆ Emergency
reports-title = Recent reports
reports-note = images are in the PACS
immunizations-title = Immunizations
procedures-title = Procedures
devices-title = Implants and devices
dose-number = dose { $dose }
lot-number = lot { $lot }
use-until = use until { $date }
made-on = made { $date }
summary-conflicts-title = Contradictions
date-unknown = date unknown
scroll-table = { $name }, scrolls sideways
visits-title = Visits
visits-found = { $found } of { $total }
visits-all = { $total }, newest first
visits-filters = Filter visits
visits-since = From
visits-until = To
visits-older = Older
visits-newer = Newer
visits-filtered-title = No visits with these filters
visits-filtered-text = There are { $total } in all.
visit-reason = Reason
visit-diagnoses = Diagnoses
visit-diagnoses-none = No diagnosis recorded
visit-clinicians = Clinician
visit-location = Place
visit-notes = { $count ->
    [one] 1 note
   *[other] { $count } notes
}
loose-notes-title = Notes that name no visit
note-title-not-said = Clinical note
note-document = This note is a file ({ $kind }) that can’t be shown here yet; see it at its hospital.
note-missing = The text could not be had: { $why }
note-limit = beyond what one page reads
note-elsewhere = it lies on another server
note-too-large = too long
note-empty = the source gave no text
note-encoding-guessed = The source names a wrong text encoding; read as GB 18030
note-encoding-damaged = Some characters were damaged at the source; � stands for them
note-status-preliminary = preliminary
note-status-amended = amended
note-status-superseded = superseded
empty-visits-none-title = No outpatient visits
empty-visits-none-text = Every linked hospital answered; there are no outpatient or emergency visits.
empty-visits-unknown-title = Not known whether there are visits
empty-visits-unknown-text = Nothing came, but not every hospital answered in full, so this is not “none”.
empty-visits-not-linked-title = No hospital to ask
empty-visits-not-linked-text = This patient has no linked identity at any connected hospital; that does not mean there were no visits.
empty-visits-held-title = No visits to show right now
empty-visits-held-text = There are visits that can’t be shown here yet.
plain-empty-visits-none = Your hospitals all answered: no outpatient or emergency visits.
plain-empty-visits-unknown = We can’t find out right now; that doesn’t mean there are none. Please look again later.
plain-empty-visits-not-linked = No hospital is linked to your account yet, so this is empty. Please have your ID checked at your hospital.
plain-empty-visits-held = There are visits that can’t be shown here yet; see above for why.
plain-allergy-known = Your hospitals have these on record. Tell doctors and pharmacists first.
plain-allergy-known-incomplete = Your hospitals have these on record. { $names } has not answered, so there may be more. Tell your doctor first.
plain-allergy-none-known = Your hospitals all say “no known allergies”. If you know of one, tell your doctor.
plain-allergy-not-recorded = Your hospitals have no allergy on record, and don’t say that you have none. Please tell your doctor what you are allergic to.
plain-allergy-unavailable = We can’t find out about allergies right now; that doesn’t mean there are none. Please tell your doctor what you are allergic to.
plain-allergy-asking = Allergies have not been asked for yet.
plain-allergy-not-permitted = Allergies can’t be shown here; please ask your hospital.
plain-allergy-not-linked = No hospital is linked to your account yet, so allergies can’t be looked up.
plain-part-none = Your hospitals all answered: nothing on record.
plain-part-past = Nothing now; earlier ones are not listed here.
plain-part-unknown = We can’t find out right now; that doesn’t mean there is nothing.
plain-part-refused = The hospital doesn’t let us show this; that doesn’t mean there is nothing.
plain-part-unsupported = The hospital’s system can’t give us this yet; that doesn’t mean there is nothing.
plain-part-not-linked = No hospital is linked to your account yet.
plain-medicines-items = { $count ->
    [one] Your hospitals have 1 medicine that you take now.
   *[other] Your hospitals have { $count } medicines that you take now.
} Follow your doctor and the label; don’t change anything yourself.
plain-problems-items = { $count ->
    [one] Your hospitals have 1 diagnosis on record.
   *[other] Your hospitals have { $count } diagnoses on record.
} “Provisional” means not certain yet.
plain-results-items = { $abnormal ->
    [0] { $count } tests in the last year; the newest of each was not marked abnormal.
   *[other] { $count } tests in the last year; the newest of { $abnormal } is outside the reference range. That alone is no illness: ask your doctor.
}
plain-visits-items = { $count } visits in all; these are the newest.
plain-immunizations-items = { $count } vaccinations on record.
plain-procedures-items = { $count } procedures on record.
plain-devices-items = { $count } implants or devices on record. Tell your doctor before an MRI.
plain-since = since { $date }
plain-what-for = What for: { $reason }
plain-usage-not-said = the hospital does not say how to take it; ask your doctor
plain-differs = Your hospitals differ
plain-says = { $names }: { $value }
frequency-qd = once a day
frequency-bid = twice a day
frequency-tid = three times a day
frequency-qid = four times a day
frequency-qn = once at night
frequency-qod = every other day
frequency-qw = once a week
frequency-prn = as needed
diagnosis-role-AD = on arrival
diagnosis-role-DD = on leaving
diagnosis-role-CC = complaint
diagnosis-role-CM = comorbidity

## Sections that are lists of facts
name-not-said = Not said what
sheet-filters = Filter the records
sheet-what = Item
sheet-when = Time
sheet-found = { $found } of { $total }
sheet-all = { $total } in all, newest first
sheet-filtered-title = Nothing passes the filters
sheet-filtered-text = { $total } in all.
sheet-missing = without { $part } of { $name } ({ $state })
sheet-originals = { $count } { $count ->
    [one] original
   *[other] originals
}
sheet-version = version { $version }
sheet-read-at = read { $at }
empty-sheet-none-title = No such records
empty-sheet-none-text = Every linked hospital has answered: there are no such records.
empty-sheet-not-offered-title = Nothing, as far as it can be asked for
empty-sheet-not-offered-text = Every hospital has answered: there are no such records. The systems of some do not offer a part of it (see above), so this is not quite “none”.
plain-empty-sheet-not-offered = Nothing was found. The systems of some hospitals can't offer a part of it yet, so this is not quite “none”.
empty-sheet-unknown-title = Not known whether there are such records
empty-sheet-unknown-text = Nothing came, but not every hospital has answered in full: this is no “none”.
empty-sheet-not-linked-title = No hospital to ask
empty-sheet-not-linked-text = This patient has no linked identity at any connected hospital yet; that does not mean there are no records.
empty-sheet-held-title = No records to show now
empty-sheet-held-text = There are records that can't be shown here yet.
plain-empty-sheet-none = All your hospitals have answered: there are no such records.
plain-empty-sheet-unknown = Nothing can be found right now. That does not mean there is nothing. Please look again in a while.
plain-empty-sheet-not-linked = No hospital is linked to your account yet, so this is empty. Ask the hospital you visit to check the ID number it has for you.
plain-empty-sheet-held = There are records that can't be shown here yet; see above why.
plain-conflict = Your hospitals say different things. Please ask your doctor.
patient-sheet-words = Your hospitals provide these records in the words of the doctors. Ask about anything unclear at your next visit.
team-member = { $name } ({ $function })

## Operations
surgery-team = Team
surgery-until = Until
surgery-outcome = Outcome

## Operations, nursing, personal record
surgery-anaesthesia = Anaesthesia and ASA class
surgery-asa = ASA { $class }
surgery-complications = Complications: { $what }
surgery-used = Devices and materials
sheet-remarks = Remarks
finding-registered = registered
finding-preliminary = preliminary
finding-amended = amended
finding-corrected = corrected
finding-cancelled = cancelled
finding-unknown = status unknown
nursing-value = Result
nursing-range = Reference range
nursing-by = Measured or recorded by
nursing-until = until { $at }
nursing-part = { $name }: { $value }
nursing-members = { $count ->
    [one] 1 item
   *[other] { $count } items
}
nursing-description = Description
nursing-goals = Goals
nursing-activities = Activities
nursing-vital-sign = Vital sign
nursing-assessment = Assessment
nursing-plan = Care plan
nursing-note = Nursing note
nursing-group-vital-sign = Vital signs
nursing-group-assessment = Nursing assessments
nursing-group-plan = Care plans
nursing-group-note = Nursing notes
plan-draft = draft
plan-on-hold = on hold
plan-revoked = revoked
plan-completed = completed
plan-unknown = status unknown
activity-not-started = not started
activity-scheduled = scheduled
activity-in-progress = in progress
activity-on-hold = on hold
activity-completed = done
activity-cancelled = cancelled
activity-stopped = stopped
activity-unknown = status unknown
activity-do-not-perform = not to be done
chart-earlier = { $count ->
    [one] 1 measurement more than a year before is not drawn; it is in the list below
   *[other] { $count } measurements more than a year before are not drawn; they are in the list below
}
balance-title = Intake and output
balance-note = Added up by the portal, day by day and hospital by hospital, from amounts that can be converted into mL. A hospital's own 24-hour total is taken as it is and not added to the others.
balance-day = Day
balance-intake = Intake (mL)
balance-output = Output (mL)
balance-difference = Balance (mL)
balance-remark = Remark
balance-stated = the hospital's own total
balance-left-out = { $count ->
    [one] 1 amount not counted
   *[other] { $count } amounts not counted
}
personal-value = What was said
personal-by = Recorded by
personal-self-reported = Self-reported
personal-family-history = Relative
personal-social-history = Habit
personal-immunization = Vaccination
personal-questionnaire = Questionnaire
personal-group-family-history = Family history
personal-group-social-history = Habits and circumstances
personal-group-immunization = Vaccinations
personal-group-questionnaire = Questionnaires
personal-dose = dose { $dose }
personal-lot = lot { $lot }
personal-onset = onset { $at }
personal-died-of-it = died of it
personal-deceased = deceased
personal-deceased-at = deceased ({ $at })
personal-living = living
personal-answers = { $count ->
    [one] 1 line
   *[other] { $count } lines
}
personal-questions = Questions and answers
answer-yes = yes
answer-no = no
family-partial = incomplete
family-health-unknown = health unknown
answers-in-progress = not finished
answers-amended = amended
answers-stopped = broken off

## Stays, reports, discharge summaries and their documents
stays-title = Stays
visit-attending = Attending
stay-ended = Discharged
stay-admitted-from = Admitted from
place-ward = Ward
place-room = Room
place-bed = Bed
place-since = since { $since }
place-until = until { $until }
place-between = { $since } to { $until }
empty-stays-none-title = No hospital stays
empty-stays-none-text = Every linked hospital answered; there are no stays.
empty-stays-unknown-title = Not known whether there are stays
empty-stays-unknown-text = No stay came, but not every hospital answered in full, so this is not “none”.
empty-stays-not-linked-title = No hospital to ask
empty-stays-not-linked-text = This patient has no linked identity at any connected hospital; that does not mean there were no stays.
empty-stays-held-title = No stays to show right now
empty-stays-held-text = There are stays that can’t be shown here yet.
plain-empty-stays-none = Your hospitals all answered: no hospital stays.
plain-empty-stays-unknown = We can’t find out right now; that doesn’t mean there are none. Please look again later.
plain-empty-stays-not-linked = No hospital is linked to your account yet, so this is empty. Please have your ID checked at your hospital.
plain-empty-stays-held = There are stays that can’t be shown here yet; see above for why.
patient-stays-lead = Your hospital stays, newest first
note-file = This note is a file ({ $kind }); open it to see it.
document-open = Open the original
document-kind = a file of this kind can’t be opened here; see it at its hospital
document-unsound = its content is not what its format says; it was not opened, to be safe; see it at its hospital
file-kind-pdf = PDF
file-kind-image = picture
file-kind-text = text
file-kind-html = web page
file-kind-clinical = clinical document
file-size = { $kb } KB
exam-conclusion = Conclusion
exam-performer = Reported by
exam-issued = Reported
exam-images = Images
exam-images-count = { $count ->
    [one] one study, at its hospital
   *[other] { $count } studies, at their hospital
}
exam-text = Report text
report-registered = registered, not reported
report-partial = partial results
report-preliminary = preliminary
report-amended = amended
report-corrected = corrected
report-appended = addendum
report-cancelled = cancelled
report-unknown = status not known
discharge-stay = Stay
discharge-admitted = admitted { $at }
discharge-discharged = discharged { $at }
discharge-admission-diagnoses = Admission diagnoses
discharge-discharge-diagnoses = Discharge diagnoses
discharge-authors = Written by
discharge-course = Hospital course
discharge-plan = Discharge instructions
discharge-text = Full text

## Orders, prescriptions and medicines
orders-long-term = Long-term orders
orders-one-off = One-off orders
orders-not-said = Not said whether long-term or one-off
orders-category = Kind
orders-orderer = Ordered by
orders-period = From – until
orders-kind-medication = medicine
orders-kind-nutrition = diet
orders-kind-service = service
orders-category-108252007 = laboratory
orders-category-363679005 = imaging
orders-category-387713003 = operation
orders-category-9632001 = nursing
orders-category-182922004 = diet
orders-category-409073007 = education
orders-category-409063005 = counselling
orders-setting-inpatient = inpatient
orders-setting-outpatient = outpatient
orders-setting-emergency = emergency
orders-setting-community = community
orders-setting-discharge = on discharge
orders-forbidden = must not be done
orders-status-reason = Reason
order-status-active = active
order-status-on-hold = on hold
order-status-revoked = revoked
order-status-cancelled = cancelled
order-status-completed = completed
order-status-stopped = stopped
order-status-draft = draft
order-status-unknown = status unknown
order-status-not-said = status not said
order-intent-proposal = proposal
order-intent-plan = plan
order-intent-directive = directive
order-intent-option = option
order-priority-urgent = urgent
order-priority-asap = as soon as possible
order-priority-stat = immediately
medicine-not-named = Name of the medicine not available
medicine-instruction = How to take it
in-all = { $quantity } in all
span-from = from { $time }
span-until = until { $time }
frequency-st = immediately
frequency-stat = immediately
frequency-hs = at bedtime
frequency-qm = every morning
frequency-biw = twice a week
frequency-tiw = three times a week
every-hours = every { $hours } hours
times-each = { $times } × a { $unit }
times-every = { $times } × every { $period } { $unit }
time-unit-s = s
time-unit-min = min
time-unit-h = h
time-unit-d = day
time-unit-wk = week
time-unit-mo = month
time-unit-a = year
moment-AC = before meals
moment-PC = after meals
moment-C = with meals
moment-ACM = before breakfast
moment-ACD = before lunch
moment-ACV = before supper
moment-PCM = after breakfast
moment-PCD = after lunch
moment-PCV = after supper
moment-CM = with breakfast
moment-CD = with lunch
moment-CV = with supper
moment-HS = at bedtime
moment-WAKE = on waking
moment-MORN = in the morning
moment-NOON = at noon
moment-AFT = in the afternoon
moment-EVE = in the evening
moment-NIGHT = at night
moment-mon = Mon
moment-tue = Tue
moment-wed = Wed
moment-thu = Thu
moment-fri = Fri
moment-sat = Sat
moment-sun = Sun
prescriptions-form = Prescription of { $date }
prescriptions-form-undated = Prescription without a date
prescriptions-number = no. { $number }
prescriptions-days = Days, amount
prescriptions-dispensed = Dispensed
pharmacy-all = dispensed
pharmacy-part = { $done } of { $all } dispensed
pharmacy-none = no dispensing recorded
pharmacy-unknown = dispensing not known
pharmacy-see-below = not all dispensed
pharmacy-not-known = not known
pharmacy-times = { $times } times
dispense-preparation = being prepared
dispense-in-progress = being dispensed
dispense-cancelled = dispensing cancelled
dispense-on-hold = dispensing on hold
dispense-completed = dispensed
dispense-stopped = dispensing stopped
dispense-declined = not dispensed (declined)
dispense-unknown = dispensing status unknown
dispense-none-recorded = no dispensing recorded
given-in-progress = being given
given-not-done = not given
given-on-hold = giving on hold
given-completed = given
given-stopped = giving stopped
given-unknown = giving status unknown
stated-active = said to be taken
stated-completed = said to be finished
stated-intended = said to be intended
stated-stopped = said to be stopped
stated-on-hold = said to be on hold
stated-not-taken = said not to be taken
stated-unknown = stated, status unknown
event-of-dispensed = dispensed
event-of-administered = given
event-of-stated = stated
medications-quantity = Amount
medications-by = By
medications-prepared = ready { $time }
by-patient = the patient
by-relative = a relative
why-medicine-unnamed = a medicine's name is not said or could not be had

## The whole history
history-all-title = Timeline
history-all-link = Whole timeline
history-all-count = { $total } in all, newest first
history-all-found = { $found } of { $total }
history-filter-kind = Kind
history-filter-kind-all = All kinds
history-open = Open in { $section }
moment-visit = Visits and stays
moment-procedure = Operations and procedures
moment-report = Reports
moment-immunization = Vaccinations
moment-note = Notes

## Charges and front pages
charges-period = Period
charges-total = Amount
charges-paid = Borne by the payer
charges-payer = Payer
charges-class = Fee class
charges-amount = Amount
charges-item = Item
charges-quantity = Quantity
charges-price = Unit price
charges-open = not stated
charges-span = { $from } to { $to }
charges-counted = { $count ->
    [one] Amount taken from { $count } { $kind }
   *[other] Amount taken from { $count } documents ({ $kind })
}
charges-documents = Documents of the same bill
charges-document = { $kind } { $total }
charges-document-counted = { $kind } { $total } (counted)
charges-differs = Documents disagree on the amount
charges-uncertain = May repeat another document, not added
charges-lines = { $count ->
    [one] { $count } line
   *[other] { $count } lines
}
charges-no-class = No class stated
charges-by-class = Totals by hospital
charges-remark = Settlement, invoice, claim and charge items of one visit are one bill and counted once; nothing is added across hospitals or currencies. Lines without an amount are not in the totals by class.
charges-sum = Total
charges-group-bills = Bills
charges-group-coverage = Insurance
charges-bills = { $count ->
    [one] { $count } bill
   *[other] { $count } bills
}{ $without ->
    [0] {""}
   *[other] , { $without } more without an amount
}
money-cny = ¥{ $amount }
money-other = { $amount } { $currency }
bill-unnamed = Bill
bill-institutional = Institutional charges
bill-professional = Professional charges
bill-pharmacy = Pharmacy charges
bill-oral = Dental charges
bill-vision = Vision charges
bill-of-benefit = settlement
bill-of-invoice = invoice
bill-of-claim = claim
bill-of-item = charge items
bill-status-active = Active
bill-status-cancelled = Cancelled
bill-status-draft = Draft
bill-status-inactive = Closed
bill-status-issued = Issued
bill-status-balanced = Paid
bill-status-planned = Planned
bill-status-billable = To be billed
bill-status-billed = Billed
bill-status-not-billable = Not charged
bill-status-aborted = Cancelled
bill-status-on-hold = On hold
bill-status-unknown = Status unknown
fee-class-1 = General medical services
fee-class-2 = General treatment and procedures
fee-class-3 = Nursing
fee-class-4 = Other comprehensive services
fee-class-5 = Pathology
fee-class-6 = Laboratory
fee-class-7 = Imaging
fee-class-8 = Clinical diagnostics
fee-class-9 = Non-surgical treatment
fee-class-10 = Surgical treatment
fee-class-11 = Rehabilitation
fee-class-12 = Traditional Chinese treatment
fee-class-13 = Western medicines
fee-class-14 = Chinese patent medicines
fee-class-15 = Chinese herbal medicines
fee-class-16 = Blood
fee-class-17 = Albumin products
fee-class-18 = Globulin products
fee-class-19 = Clotting factor products
fee-class-20 = Cytokine products
fee-class-21 = Disposable materials for examinations
fee-class-22 = Disposable materials for treatment
fee-class-23 = Disposable materials for operations
fee-class-24 = Other charges
front-title = Front sheet of the hospital record
front-composed = Composed by the portal, not signed by the hospital
front-signed = Signed by the hospital
front-form = Front sheet of the hospital record
front-form-composed = Front sheet of the hospital record (composed by the portal, not signed by the hospital)
front-main = Main diagnosis
front-operations = Operations and procedures
front-leaving = Mode of discharge
front-total = Total charges
front-no-total = No bill is about this stay alone
front-no-main = Main diagnosis: not stated
front-main-row = Main: { $name }
front-other-row = Other: { $name }
front-diagnosis = Discharge diagnosis
front-code = Code
front-at-admission = At admission
front-operation = Operation or procedure
front-day = Date
front-surgeon = Surgeon
front-anaesthesia = Anaesthesia
front-name = Name
front-sex = Sex
front-hospital = Hospital
front-department = Department
front-ward = Ward and bed
front-way = Admitted from
front-admitted = Admitted
front-discharged = Discharged
front-days = Length of stay
front-days-count = { $days ->
    [one] { $days } day
   *[other] { $days } days
}
front-attending = Attending
at-admission-present = 1 Present
at-admission-undetermined = 2 Clinically undetermined
at-admission-unknown = 3 Unknown
at-admission-absent = 4 Not present
leaving-1 = 1 Discharged on medical advice
leaving-2 = 2 Transferred to another hospital
leaving-3 = 3 Transferred to community care
leaving-4 = 4 Left against medical advice
leaving-5 = 5 Died
leaving-9 = 9 Other

## Kinds of examinations (HL7 table 0074)
exam-category-AU = Audiology
exam-category-CG = Cytogenetics
exam-category-CP = Cytopathology
exam-category-CT = CT
exam-category-CUS = Cardiac ultrasound
exam-category-EC = Electrocardiogram
exam-category-EN = Electroencephalogram
exam-category-NMR = Magnetic resonance
exam-category-NMS = Nuclear medicine
exam-category-PF = Lung function
exam-category-RAD = Radiology
exam-category-RUS = Ultrasound
exam-category-RX = X-ray
exam-category-SP = Surgical pathology
exam-category-XRC = Cineangiography

# “My patients” on the desk
mine-count = { $count ->
    [one] { $count } person
   *[other] { $count } people
}
mine-group-inpatient = In hospital: { $count }
mine-group-visit = Visits: { $count }
mine-group-listed = On a department’s list: { $count }
mine-column-identity = Born / identifiers
mine-column-where = Hospital / place
mine-column-until = Open until
mine-no-place = Any hospital
mine-until-open = Not said
mine-relation = { $class }, { $status }, from { $began }
mine-relation-undated = { $class }, { $status }
mine-other = { $name }: { $what }
mine-list-list = Department’s list
mine-list-encounter = Department’s list (encounter)
mine-list-referral = List of referrals
mine-list-consultation = List of consultations
mine-status-planned = planned
mine-status-arrived = arrived
mine-status-triaged = triaged
mine-status-in-progress = in progress
mine-status-onleave = on leave
mine-status-finished = finished
mine-status-unknown = status unknown
mine-asking = { $count ->
    [one] { $count } hospital is
   *[other] { $count } hospitals are
} being asked for your encounters; what is known already stands below.
mine-wait = Wait and show the result
mine-more = There are more people than these: look for them by name.
mine-hospitals = What each hospital answered
mine-as-of = asked { $at }
mine-silent-title = { $count ->
    [one] { $count } hospital has
   *[other] { $count } hospitals have
} not answered in full: the list may lack people
mine-silent-since = { $name }: { $why }; below is what it said at { $at }
mine-silent-never = { $name }: { $why }; its patients may be missing
mine-silent-partial = { $name }: { $why }; only a part came
mine-none-asking = Being asked
mine-none-asking-text = Your patients stand here once the hospitals have answered.
mine-none-complete = You have no patients at present
mine-none-complete-text = Every hospital that knows you has answered: no recent encounter of yours, and no department’s list. Look for other patients above.
mine-none-incomplete = No patients to list yet
mine-none-incomplete-text = Not every hospital has answered in full, or offers a search by clinician, so this does not mean none. Ask again, or look for them by name above.
mine-none-unknown = The hospitals do not know you yet
mine-none-unknown-text = The staff directory has no staff number of yours at the hospitals, or it does not agree with their registers, so your patients can’t be listed. Ask a portal administrator; look for patients above.
mine-state-asking = Asking
mine-state-answered = Answered
mine-state-partial = In part
mine-state-refused = Refused
mine-state-unreachable = No answer
mine-state-unsupported = Not offered
mine-state-not-linked = Not asked
why-asking = is being asked
why-encounters-of-staff = offers no search for encounters by clinician
why-staff-no-number = no staff number of yours in the directory
why-staff-known = recognised
why-staff-unknown = nobody there has this staff number
why-staff-ambiguous = several people there have this staff number
why-staff-name-differs = this staff number is another name’s there
why-staff-inactive = this staff number is no longer in use
why-staff-shared = this staff number belongs to somebody else on this platform
## Where a value comes from

origin-title = Where it comes from
origin-link = : where it comes from
origin-lead-plain = Which hospital this item comes from, when it was read, and why you see it
origin-item = This item
origin-where = Source
origin-others = Other records that say the same
origin-why = Why you see it
origin-what = Content
origin-value = Value
origin-status = Status
origin-resource = Resource
origin-version = Version
origin-read = Read at
origin-asked = Asked as
origin-asked-by-id = Read one by one, by id
origin-answered = { $state }: { $queries } { $queries ->
    [one] query
   *[other] queries
  }, { $pages } { $pages ->
    [one] page
   *[other] pages
  }, { $entries } taken, { $dropped } dropped
origin-conflict = { $count } other { $count ->
    [one] record contradicts
   *[other] records contradict
  } it; they stand side by side in this section
origin-merged-none = No other record says the same; this is the only original of the item
origin-merged-patient = Registrations of hospitals are shown side by side, never merged
origin-merged-rule = { $count } other { $count ->
    [one] original says
   *[other] originals say
  } the same and { $count ->
    [one] was
   *[other] were
  } put together with it: same code, same time at the same precision, same value and unit. What is undated is never put together with what is dated.
origin-relation = Relation to the patient
origin-relation-care = Treatment relation
origin-relation-break-glass = Opened in an emergency
origin-relation-own-record = Your own record, or that of somebody entrusted to you
origin-relation-entrusted = Entrusted to you by the person
origin-relation-no-treatment-relation-advisory = No treatment relation; this region lets you read, and marks it in the audit log
origin-until = closes at { $at }
origin-rules = Rules of access
origin-rule-allow = “{ $who }” holds the role “{ $role }” on “{ $path }”
origin-rule-deny = “{ $who }” is denied the role “{ $role }” on “{ $path }”
origin-arrow = {" → "}
origin-oneself = You yourself
origin-group-clinician = Clinicians
origin-group-nurse = Nurses
origin-group-patients = Patients
origin-group-everyone = All staff
origin-group-administrator = Administrators
origin-role-user = user
origin-role-privileged-user = privileged user
origin-role-editor = editor
origin-role-manager = manager
origin-role-delegator = delegator
origin-role-security-administrator = security administrator
origin-role-administrator = administrator
origin-object-section-record = patient records
origin-object-site-internal = the intranet portal
origin-object-site-external = the public portal
origin-release = Release policy
origin-released = Every item is checked against the release policy each time it is opened; no rule holds this one back
origin-json = The hospital’s own data
origin-json-note = FHIR JSON, read live; every look is in the audit log
origin-json-show = Read the hospital’s own data
origin-json-masked = Identity and telephone numbers are covered
origin-json-cut = “…” stands for what is too long
origin-json-missing = It can’t be read now: { $why }
origin-gone = the hospital no longer has this record
origin-kind-Patient = Registration
origin-kind-Encounter = Visit
origin-kind-DocumentReference = Document
origin-kind-Composition = Document
origin-kind-Observation = Result
origin-kind-DiagnosticReport = Report
origin-kind-CarePlan = Care plan
origin-kind-QuestionnaireResponse = Questionnaire
origin-kind-Coverage = Coverage
origin-kind-ExplanationOfBenefit = Settlement
origin-kind-Claim = Claim
origin-kind-Invoice = Invoice
# Review and critical values
column-review = Review
cell-reviewed = reviewed
cell-critical-open = critical, not acknowledged
review-open = Review
review-again = See or review again
review-none = Not reviewed yet
review-title = Review a result
review-form-title = Mark as reviewed
review-note = To the patient (optional)
review-note-hint = The patient sees your name, the time and these words beside the result, { $longest } characters at most. Of a result that is held back they see none of it until it is released.
review-submit = Mark as reviewed
review-withdraw = Withdraw
review-problem = Not saved
review-problem-too-long = { $longest } characters at most for the patient: please shorten it.
review-problem-changed = The hospital has updated this result since you opened it. This is what it says now: please look before you mark it.
review-problem-not-critical = This result is not critical now: there is nothing to acknowledge.
mark-reviewed = { $by } reviewed it, { $at }
mark-reviewed-earlier = { $by } reviewed the version before the update, { $at }
mark-reviewed-withdrawn = Review by { $by }, { $at }, withdrawn { $withdrawn }
mark-acknowledged = { $by } acknowledged the critical value, { $at }
mark-acknowledged-earlier = { $by } acknowledged the version before the update, { $at }
mark-acknowledged-withdrawn = Acknowledgement by { $by }, { $at }, withdrawn { $withdrawn }
mark-note = To the patient: { $note }
critical-title = Critical values not acknowledged
critical-acknowledge = Acknowledge
critical-acknowledge-text = Your name and the time are recorded: you know of this critical value.
critical-corrected = acknowledged before an update
critical-elsewhere = { $count ->
    [one] One older critical value has no acknowledgement in this portal: see laboratory results
   *[other] { $count } older critical values have no acknowledgement in this portal: see laboratory results
}
plain-not-reviewed = No doctor has marked this result as seen here yet.
plain-review-note = From the doctor:
plain-mark-reviewed = { $by } looked at this result, { $at }.
plain-mark-reviewed-earlier = { $by } looked at it, { $at }, before the hospital updated it.
plain-mark-reviewed-withdrawn = What { $by } said on { $at } was withdrawn.
plain-mark-acknowledged = { $by } confirmed knowing of this critical value, { $at }.
plain-mark-acknowledged-earlier = { $by } confirmed knowing of it, { $at }, before the hospital updated it.
plain-mark-acknowledged-withdrawn = The confirmation by { $by }, { $at }, was withdrawn.

# In-record search
record-search-title = Search this record
record-search-label = Search record
record-search-submit = Search
record-search-hint = A diagnosis, medicine, test, clinician, word of a note, or date. Several words must all be there. Capitals and character width do not matter; traditional characters are searched as written.
record-search-found = Items found: { $count }, by section, newest first
record-search-more = Earlier items in this section: { $count }. Add a word to narrow the search
record-search-not-searched = What was not searched
record-search-silent = { $name } ({ $state }): { $sections }
record-search-hidden = Sections that you may not see: { $sections }
record-search-files = Contents of files (PDF, images and the like): { $count }; their names were searched
record-search-texts = Notes whose text did not come: { $count }
record-search-held = What is not shown to you yet
record-search-too-short = Enter at least one Chinese character, or two letters or digits
record-search-too-long = At most 100 characters and 8 words
record-search-resident-id = A record can’t be searched for identity numbers
record-search-start-title = Enter what to look for
record-search-start-text = Every section that you may see is searched, and what was not searched is named.
record-search-expired-title = This search has expired
record-search-expired-text = Words are kept for 30 minutes; please enter them again.
record-search-none-title = “{ $query }” was not found
record-search-none-text = Every hospital answered in full; nothing in the record has all these words.
record-search-unknown-title = “{ $query }” is not in what could be searched
record-search-unknown-text = Some of the record was not searched (see below), so nobody can say that it is not there.
record-search-not-linked-title = There is nothing to search
record-search-not-linked-text = No hospital is linked with this patient.

# New since the reader's last look
fresh-new = New
fresh-changed = Updated
fresh-first = This is your first look at this section, so nothing is marked as new; next time, what has come or changed since will be.
fresh-too-many = There is too much in this section to mark what is new.
fresh-none = Nothing new since you last looked ({ $at }).
fresh-none-silent = Nothing new since you last looked ({ $at }) at the hospitals that answered; the others may have something.
fresh-since = Since you last looked ({ $at }): new items { $new }, updated { $changed }.
fresh-since-silent = Since you last looked ({ $at }): new items { $new }, updated { $changed }; hospitals that did not answer may have more.
fresh-count = { $count } new
fresh-as-of = as of { $at }
related-replaces = Replaces
related-replaced-by = Replaced; now valid is
related-transforms = Made from
related-transformed-by = Transformed into
related-signs = Signs
related-signed-by = Signed by
related-appends = Adds to
related-appended-by = Added to by
related-not-shown = another one, which is not shown here
related-absent = { $resource }, which the hospital has not sent as this person’s
related-elsewhere = another one, which lies in another system or is not named
related-circular = replace one another: the hospital contradicts itself
order-replaced = replaced
order-replaced-still = replaced (hospital still says “{ $status }”)

# What waits for a clinician on the desk
waiting-critical = Critical values not acknowledged
waiting-unseen = Not looked at yet
waiting-count-critical = { $count ->
    [one] 1 value
   *[other] { $count } values
}
waiting-count = { $count ->
    [one] 1 result
   *[other] { $count } results
}, { $abnormal } out of range
waiting-more = { $count ->
    [one] One more on the page of results
   *[other] { $count } more on the page of results
}
waiting-none = No result waits in the records of those you treat.
waiting-none-critical = No critical value waits in the records of those you treat.
waiting-none-incomplete = Nothing was found where one could look; what could not be looked at stands below.
waiting-limits = This may not be all
waiting-silent = { $name }: { $why }; results of { $count ->
    [one] one patient
   *[other] { $count } patients
} may be missing
waiting-unsure = { $name }: { $why }; patients you treat there may be missing
waiting-nowhere = No hospital recognises you and no list names you, so it is not known whom you treat.
waiting-unread = These records could not be read: { $names }
waiting-unasked = Only the first { $most } of your patients were looked at; at least { $count } more were not
waiting-as-of = Looked at { $at }; laboratory results alone, of those you treat
