#!/usr/bin/env python3
"""Makes courses.json.gz and zh/laboratory.toml. Run by hand when the source data change; the outputs are committed.

    extract.py SYNTHEA_BUNDLES_DIR ZH_DATA_DIR

courses.json.gz: one clinical course per Synthea patient, without any identity: encounters, diagnoses (mapped to ICD-10),
allergies, medicines (mapped to the Chinese drug list), vital signs and laboratory values (mapped to the analytes of the
laboratory catalogue, in its units). Times are minutes before the end of the course. What has no sensible counterpart is
left out. Standard library only; the same input gives the same bytes.
"""
import datetime as dt
import glob
import gzip
import json
import os
import re
import sys
import tomllib

# SNOMED CT -> ICD-10 of zh/diagnoses.csv (own mapping; WHO level)
CONDITIONS = {
    "444814009": "J06.9", "195662009": "J02.9", "271737000": "D64.9", "55822004": "E78.5", "10509002": "J20.9",
    "38341003": "I10", "40055000": "J31.0", "88805009": "I50.9", "162864005": "E66.9", "65363002": "H66.9",
    "230690007": "I63.9", "64859006": "M81.9", "68496003": "K63.5", "241929008": "L50.9", "75498004": "J06.9",
    "43878008": "J03.9", "26929004": "F00.9", "53741008": "I25.1", "65966004": "S52.5", "36971009": "J31.0",
    "44054006": "E11.9", "302870006": "E78.5", "713197008": "K63.5", "82423001": "M54.5", "124171000119105": "G43.9",
    "49436004": "I48", "446096008": "J30.4", "239873007": "M17.9", "232353008": "J30.4", "24079001": "L20.9",
    "431855005": "N03.9", "127013003": "E11.2", "62564004": "S06.0", "359817006": "S72.0", "443165006": "M81.9",
    "62106007": "S06.0", "185086009": "J44.9", "90560007": "M10.9", "126906006": "N40", "92691004": "C61",
    "363406005": "C18.9", "422034002": "E11.3", "368581000119106": "E11.4", "233678006": "J45.9", "370143000": "F32.9",
    "109838007": "C18.9", "74400008": "K35.9", "431856006": "N03.9", "90781000119102": "E11.2", "38822007": "N30.9",
    "72892002": "Z34.9", "367498001": "J30.4", "22298006": "I21.4", "230265002": "F00.9", "233604007": "J18.9",
    "1551000119108": "E11.3", "128613002": "G40.9", "201834006": "M17.9", "237602007": "E78.5",
}
# words of the medicine's name -> name in zh/drugs.csv
MEDICINES = [
    ("simvistatin", "阿托伐他汀"), ("simvastatin", "瑞舒伐他汀"), ("atorvastatin", "阿托伐他汀"),
    ("clavulanate", "阿莫西林克拉维酸钾"), ("amoxicillin", "阿莫西林"), ("cefuroxime", "头孢呋辛酯"),
    ("hydrochlorothiazide", "氢氯噻嗪"), ("metoprolol", "美托洛尔缓释片"), ("lasix", "呋塞米"), ("furosemide", "呋塞米"),
    ("epinephrine", "肾上腺素"), ("dextromethorphan", "右美沙芬"), ("oxycodone", "氨酚曲马多"),
    ("hydrocodone", "氨酚曲马多"), ("acetaminophen", "对乙酰氨基酚"), ("ibuprofen", "布洛芬缓释胶囊"),
    ("naproxen", "双氯芬酸钠"), ("prednisone", "泼尼松"), ("alteplase", "阿替普酶"), ("fexofenadine", "氯雷他定"),
    ("loratadine", "氯雷他定"), ("cetirizine", "西替利嗪"), ("clopidogrel", "氯吡格雷"), ("alendronic", "阿仑膦酸钠"),
    ("nitroglycerin", "硝酸甘油"), ("verapamil", "硝苯地平控释片"), ("digoxin", "地高辛"), ("warfarin", "华法林"),
    ("ferrous", "琥珀酸亚铁"), ("metformin", "二甲双胍"), ("amlodipine", "氨氯地平"), ("insulin", "甘精胰岛素"),
    ("salmeterol", "布地奈德福莫特罗"), ("fluticasone", "布地奈德混悬液"), ("albuterol", "沙丁胺醇气雾剂"),
    ("allopurinol", "别嘌醇"), ("aspirin", "阿司匹林肠溶片"), ("amiodarone", "胺碘酮"), ("vitamin b 12", "甲钴胺"),
    ("donepezil", "多奈哌齐"), ("galantamine", "多奈哌齐"), ("sertraline", "舍曲林"), ("captopril", "依那普利"),
]
ALLERGIES = {
    "232347008": "猫毛", "419474003": "霉菌", "418689008": "花粉", "232350006": "尘螨", "419263009": "花粉",
    "424213003": "蜂毒", "91935009": "花生", "91934008": "坚果", "300916003": "乳胶", "425525006": "牛奶",
    "420174000": "小麦", "300913006": "虾蟹", "417532002": "鱼类", "91930004": "鸡蛋", "714035009": "大豆",
}
# LOINC -> (analyte, factor to the catalogue's unit); factors from the molar masses named in the catalogue
LABS = {
    "2339-0": ("glucose-random", 0.0555), "6299-2": ("urea", 0.357), "38483-4": ("creatinine", 88.42),
    "49765-1": ("calcium", 0.2495), "2947-0": ("sodium", 1), "6298-4": ("potassium", 1), "2069-3": ("chloride", 1),
    "20565-8": ("tco2", 1), "2093-3": ("tc", 0.02586), "2571-8": ("tg", 0.01129), "18262-6": ("ldl-c", 0.02586),
    "2085-9": ("hdl-c", 0.02586), "4548-4": ("hba1c", 1), "2885-2": ("tp", 10), "1751-7": ("albumin", 10),
    "1975-2": ("tbil", 17.104), "6768-6": ("alp", 1), "1742-6": ("alt", 1), "1920-8": ("ast", 1),
    "787-2": ("mcv", 1), "785-6": ("mch", 1), "32207-3": ("pdw", None), "32623-1": ("mpv", 1), "4544-3": ("hct", 0.01),
    "20570-8": ("hct", 0.01), "718-7": ("hgb", 10), "786-4": ("mchc", 10), "777-3": ("plt", 1), "6690-2": ("wbc", 1),
    "789-8": ("rbc", 1), "14959-1": ("uacr", 1), "33762-6": ("nt-probnp", 1), "2857-1": ("psa", 1),
}
VITALS = {"8302-2": "height", "29463-7": "weight", "39156-5": "bmi", "8331-1": "temperature"}
YEARS = 8  # of the course's last years


def instant(text):
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00"))


def course(bundle):
    by_type = {}
    for entry in bundle["entry"]:
        by_type.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
    patient = by_type["Patient"][0]
    encounters = [e for e in by_type["Encounter"] if e["type"][0]["coding"][0]["code"] != "308646001"]
    end = max(instant(e["period"]["start"]) for e in encounters)
    before = lambda text: round((end - instant(text)).total_seconds() / 60)
    recent = lambda text: 0 <= before(text) <= YEARS * 366 * 1440
    code = lambda concept: concept["coding"][0]["code"]
    born = dt.datetime.fromisoformat(patient["birthDate"] + "T00:00:00+00:00")
    out = {"sex": patient["gender"], "age_days": (end - born).days, "encounters": [], "conditions": [], "allergies": [],
           "medicines": [], "vitals": [], "labs": []}
    for e in encounters:
        if recent(e["period"]["start"]):
            reason = CONDITIONS.get(code(e["reasonCode"][0])) if e.get("reasonCode") else None
            minutes = round((instant(e["period"]["end"]) - instant(e["period"]["start"])).total_seconds() / 60)
            out["encounters"].append({"before": before(e["period"]["start"]), "minutes": max(minutes, 15),
                                      "class": {"A": "AMB", "E": "EMER", "I": "IMP"}[e["class"]["code"][0]],
                                      "reason": reason})
    seen = set()
    for c in by_type.get("Condition", []):
        icd = CONDITIONS.get(code(c["code"]))
        ended = c.get("abatementDateTime")
        if icd and (icd, not ended) not in seen and (not ended or recent(ended)) and before(c["onsetDateTime"]) >= 0:
            seen.add((icd, not ended))
            out["conditions"].append({"icd": icd, "before": before(c["onsetDateTime"]),
                                      "ended": before(ended) if ended else None})
    out["allergies"] = sorted({ALLERGIES[code(a["code"])] for a in by_type.get("AllergyIntolerance", [])})
    for m in by_type.get("MedicationRequest", []):
        name = m["medicationCodeableConcept"]["coding"][0]["display"].lower()
        drug = next((zh for word, zh in MEDICINES if word in name), None)
        if drug and recent(m["authoredOn"]):
            out["medicines"].append({"drug": drug, "before": before(m["authoredOn"]), "status": m["status"]})
    labs = {}
    for o in by_type["Observation"]:
        key, at = code(o["code"]), o["effectiveDateTime"]
        if not recent(at):
            continue
        if key == "55284-4":
            values = {code(p["code"]): round(p["valueQuantity"]["value"]) for p in o["component"]}
            out["vitals"].append({"kind": "blood-pressure", "before": before(at),
                                  "values": [values["8480-6"], values["8462-4"]]})
        elif key in VITALS:
            out["vitals"].append({"kind": VITALS[key], "before": before(at),
                                  "values": [round(o["valueQuantity"]["value"], 1)]})
        elif key in LABS and LABS[key][1] and "valueQuantity" in o:
            analyte, factor = LABS[key]
            value = o["valueQuantity"]["value"]
            if analyte == "hct" and value < 1.5:
                factor = 1
            labs.setdefault(before(at), {})[analyte] = float(f"{value * factor:.5g}")
    out["labs"] = [{"before": at, "values": dict(sorted(values.items()))} for at, values in labs.items()]
    for name in ("encounters", "conditions", "medicines", "vitals", "labs"):
        out[name].sort(key=lambda x: (-x["before"], json.dumps(x, ensure_ascii=False)))
    return out


def laboratory(text):
    """The catalogue without sentences, aliases and notes on verification: the sandbox needs none of them."""
    text = re.sub(r"^(what|high|low|abnormal|aliases|never_convert|convert) = (\{.*\}|\[.*\]|\[\n(?:  .*\n)*\])\n", "", text, flags=re.M)
    text = re.sub(r', verified = "[^"]*"', "", text)
    text = re.sub(r', source = "customary[^"]*"', "", text)
    tomllib.loads(text)
    return text


def main(bundles, zh):
    here = os.path.dirname(os.path.abspath(__file__))
    courses = [course(json.load(open(path))) for path in sorted(glob.glob(os.path.join(bundles, "*.json")))]
    body = json.dumps(courses, ensure_ascii=False, separators=(",", ":")).encode()
    with open(os.path.join(here, "courses.json.gz"), "wb") as out:
        out.write(gzip.compress(body, 9, mtime=0))
    with open(os.path.join(here, "zh", "laboratory.toml"), "w") as out:
        out.write(laboratory(open(os.path.join(zh, "lab-catalogue.toml")).read()))
    print(len(courses), "courses", len(body), "bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
