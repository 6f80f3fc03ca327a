//! The fifteen sections of the regional record, in the one order they have everywhere.

/// A section of the record: a page, a JSON resource and, later, a widget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Section {
    /// 患者基本信息
    Demographics,
    /// 病历摘要
    Summary,
    /// 门(急)诊病历
    Outpatient,
    /// 住院病历
    Inpatient,
    /// 医嘱表单
    Orders,
    /// 处方表单
    Prescriptions,
    /// 药品表单
    Medications,
    /// 检验结果
    LabResults,
    /// 检查结果(影像除外)
    ExamReports,
    /// 手术麻醉
    Surgery,
    /// 护理记录
    Nursing,
    /// 出院小结
    Discharge,
    /// 费用表单
    Charges,
    /// 病案首页
    FrontPage,
    /// 个人健康档案
    PersonalRecord,
}

impl Section {
    /// Every section, in order.
    pub const ALL: [Self; 15] = [
        Self::Demographics,
        Self::Summary,
        Self::Outpatient,
        Self::Inpatient,
        Self::Orders,
        Self::Prescriptions,
        Self::Medications,
        Self::LabResults,
        Self::ExamReports,
        Self::Surgery,
        Self::Nursing,
        Self::Discharge,
        Self::Charges,
        Self::FrontPage,
        Self::PersonalRecord,
    ];

    /// As in URLs, JSON, message keys and the policy.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Demographics => "demographics",
            Self::Summary => "summary",
            Self::Outpatient => "outpatient",
            Self::Inpatient => "inpatient",
            Self::Orders => "orders",
            Self::Prescriptions => "prescriptions",
            Self::Medications => "medications",
            Self::LabResults => "lab-results",
            Self::ExamReports => "exam-reports",
            Self::Surgery => "surgery",
            Self::Nursing => "nursing",
            Self::Discharge => "discharge",
            Self::Charges => "charges",
            Self::FrontPage => "front-page",
            Self::PersonalRecord => "personal-record",
        }
    }

    /// From a URL.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.slug() == slug)
    }
}
