package filing

import "carehold/record"

const snomedSource = "SNOMED CT concept ids, each checked against its term in at least one public list: the NHS primary care reference sets " +
	"(depression, severe mental illness), the eCQM value sets, SHIFT's security labelling sets, Synthea and HL7's own examples. " +
	"Subsumption is not computed: a narrower concept that is not listed is found by its words or not at all"

// snomedSets are concepts that stand on their own: the words of a display do
// the rest (words.go), so these matter where a code comes without one.
var snomedSets = []codeSet{
	{id: "code:sct:mental", section: record.MentalHealth, system: snomed, about: "mental health", source: snomedSource, terms: map[string]string{
		"35489007": "Depressive disorder", "370143000": "Major depressive disorder", "36923009": "Major depression, single episode",
		"66344007": "Recurrent major depression", "87512008": "Mild major depression", "832007": "Moderate major depression",
		"450714000": "Severe major depression", "40379007": "Mild recurrent major depression", "18818009": "Moderate recurrent major depression",
		"310495003": "Mild depression", "310496002": "Moderate depression", "310497006": "Severe depression", "191616006": "Recurrent depression",
		"192080009": "Chronic depression", "191659001": "Atypical depressive disorder", "78667006": "Dysthymia", "87414006": "Reactive depression",
		"83458005": "Agitated depression", "300706003": "Endogenous depression", "231500002": "Masked depression", "58703003": "Postpartum depression",
		"788120007": "Antenatal depression", "247803002": "Seasonal affective disorder", "231504006": "Mixed anxiety and depressive disorder",
		"13746004": "Bipolar disorder", "371596008": "Bipolar I disorder", "83225003": "Bipolar II disorder", "231494001": "Mania", "231496004": "Hypomania",
		"58214004": "Schizophrenia", "64905009": "Paranoid schizophrenia", "68890003": "Schizoaffective disorder", "69322001": "Psychotic disorder",
		"48500005": "Delusional disorder", "1127191000000108": "First episode psychosis",
		"197480006": "Anxiety disorder", "21897009": "Generalized anxiety disorder", "371631005": "Panic disorder", "70691001": "Agoraphobia",
		"25501002": "Social phobia", "386810004": "Phobic disorder", "47505003": "Posttraumatic stress disorder", "67195008": "Acute stress disorder",
		"191736004": "Obsessive-compulsive disorder", "72366004": "Eating disorder", "56882008": "Anorexia nervosa", "78004001": "Bulimia nervosa",
		"20010003": "Borderline personality disorder", "55341008": "Histrionic personality disorder", "1376001": "Obsessive-compulsive personality disorder",
		"192127007": "Child attention deficit disorder", "225444004": "At risk for suicide", "394687007": "Low suicide risk",
		"225337009": "Suicide risk assessment", "86849004": "Suicidal poisoning", "287185009": "Attempted suicide by cutting or stabbing",
		"287182007": "Attempted suicide by suffocation", "44301001": "Suicide", "171207006": "Depression screening",
		"720433000": "PHQ-9 depression screening instrument", "90407005": "Evaluation of psychiatric state", "88848003": "Psychiatric follow-up",
		"183401008": "Anti-suicide psychotherapy", "444175001": "Cognitive behavioural therapy record", "228557008": "Cognitive and behavioural therapy",
		"75516001": "Psychotherapy", "394913002": "Psychotherapy (specialty)", "76168009": "Group psychotherapy", "18512000": "Individual psychotherapy",
		"394587001": "Psychiatry", "308477009": "Referral to psychiatrist", "183524004": "Referral to psychiatry service",
		"165171009": "Initial psychiatric evaluation", "305400006": "Admission to psychiatry department",
	}},
	{id: "code:sct:sexual", section: record.SexualHealth, system: snomed, about: "sexual health", source: snomedSource, terms: map[string]string{
		"86406008": "HIV infection", "40780007": "HIV I infection", "79019005": "HIV II infection", "62479008": "AIDS", "91947003": "Asymptomatic HIV infection",
		"111880001": "Acute HIV infection", "165816005": "HIV positive", "713742005": "HIV antibody positive", "699433000": "HIV carrier",
		"31676001": "HIV antigen test", "315124004": "HIV viral load",
		"8098009": "Sexually transmitted infectious disease", "15628003": "Gonorrhoea", "76272004": "Syphilis", "444150000": "Latent syphilis",
		"428015005": "Chlamydia trachomatis infection of genital structure", "237084006": "Chlamydial cervicitis", "33839006": "Genital herpes simplex",
		"266113007": "Genital warts", "240542006": "Anogenital warts", "276877003": "Trichomonal vaginitis",
		"165829005": "Gonorrhoea test", "269828009": "Syphilis test", "310861008": "Chlamydia antigen test",
		"10383002": "Counselling for termination of pregnancy", "714812005": "Induced termination of pregnancy", "386394001": "Pregnancy termination care",
		"386639001": "Termination of pregnancy", "57797005": "Induced termination of pregnancy (disorder)", "18391007": "Elective abortion",
		"39406005": "Legally induced abortion", "53638009": "Therapeutic abortion", "252113007": "Number of abortions",
		"65200003": "Insertion of intrauterine contraceptive device", "46706006": "Replacement of intrauterine contraceptive device",
		"169553002": "Insertion of subcutaneous contraceptive", "301807007": "Removal of subcutaneous contraceptive", "102955006": "Contraception failure",
		"42035005": "Bisexual", "191788006": "Feminism in boy",
	}},
	{id: "code:sct:substance", section: record.SubstanceUse, system: snomed, about: "alcohol or drug use", source: snomedSource, terms: map[string]string{
		"7200002": "Alcoholism", "15167005": "Alcohol abuse", "66590003": "Alcohol dependence", "713862009": "Severe alcohol dependence",
		"713583005": "Mild alcohol dependence", "268645007": "Nondependent alcohol abuse", "284591009": "Persistent alcohol abuse",
		"191480000": "Alcohol withdrawal syndrome", "8635005": "Alcohol withdrawal delirium", "7052005": "Alcohol hallucinosis",
		"42344001": "Alcohol-induced psychosis", "420054005": "Alcoholic cirrhosis", "235875008": "Alcoholic hepatitis", "41309000": "Alcoholic liver damage",
		"713181003": "Chronic alcoholic liver disease", "24165007": "Alcoholism counselling", "226138001": "Alcohol-free diet",
		"6525002": "Dependent drug abuse", "2403008": "Psychoactive substance dependence", "91388009": "Psychoactive substance abuse",
		"5602001": "Opioid abuse", "191909007": "Nondependent opioid abuse", "145121000119106": "Intravenous nondependent opioid abuse",
		"75544000": "Opioid dependence", "231477003": "Heroin dependence", "87132004": "Opioid withdrawal", "78267003": "Cocaine abuse",
		"31956009": "Cocaine dependence", "37344009": "Cannabis abuse", "85005007": "Cannabis dependence", "84758004": "Amphetamine abuse",
		"21647008": "Amphetamine dependence", "699449003": "Methamphetamine abuse", "74851005": "Hallucinogen abuse", "70340006": "Inhalant abuse",
		"724713006": "Harmful use of ketamine", "61480009": "Drug detoxification", "56876005": "Drug rehabilitation and detoxification",
		"60112009": "Drug addiction counselling", "266707007": "Drug addiction therapy", "313071005": "Counselling for substance abuse",
		"1149222004": "Overdose", "425741009": "Buprenorphine and naloxone",
		"53410008": "Beer", "35748005": "Wine", "6524003": "Distilled spirits",
	}},
	{id: "code:sct:safeguarding", section: record.Safeguarding, system: snomed, about: "abuse", source: snomedSource, terms: map[string]string{
		"706893006": "Victim of intimate partner abuse", "713834002": "Victim of child sexual exploitation", "370881007": "Abuse prevention assessment",
		"370884004": "Abuse prevention management", "169595006": "Antenatal care: history of child abuse",
		"10756301000119105": "Physical abuse complicating pregnancy", "10760981000119107": "Psychological abuse complicating pregnancy",
		"10761061000119107": "Sexual abuse complicating pregnancy",
	}},
}
