package filing

import "carehold/record"

const (
	whoATC     = "WHO ATC index"
	nhsBNF     = "NHS Business Services Authority, BNF code structure (chapters and sections)"
	rxnormFrom = "RxNorm ingredients: some confirmed in CPIC's drug list (CC0), Synthea's modules and eCQM value sets, the others from memory; products in between are found by name"
)

// medicineSets are medicines that tell what they are for. Antidepressants are
// here although some are taken for pain: nobody can tell from the box.
//
// Left in medicines on purpose: benzodiazepines, sleeping tablets and opioid
// pain relief (their dangers are in what they are taken with), nicotine,
// prochlorperazine and levomepromazine (nearly always for nausea), medicines
// for dementia and hepatitis, hormone replacement.
var medicineSets = []codeSet{
	{"code:atc:N06A", record.MentalHealth, atc, "a medicine for mental health",
		[]string{"N06A", "N06B", "N06C", "N05AN", "N05AX", "N05AA01", "N05AA03", "N05AB02", "N05AB03", "N05AB06", "N05AB08", "N05AC", "N05AD", "N05AE",
			"N05AF", "N05AG", "N05AH", "N05AL"}, nil, whoATC},
	{"code:atc:J05AR", record.SexualHealth, atc, "a medicine against HIV",
		[]string{"J05AE", "J05AF01", "J05AF02", "J05AF03", "J05AF04", "J05AF05", "J05AF06", "J05AF07", "J05AF09", "J05AF13", "J05AG", "J05AJ", "J05AR",
			"J05AX07", "J05AX09", "J05AX29"}, nil, whoATC},
	{"code:atc:G03A", record.SexualHealth, atc, "contraception, ending a pregnancy or sexual function",
		[]string{"G02B", "G03A", "G03XB01", "G03XB51", "G04BE"}, nil, whoATC},
	{"code:atc:N07BB", record.SubstanceUse, atc, "a medicine for alcohol or opioid dependence",
		[]string{"N07BB", "N07BC"}, nil, whoATC},

	{"code:bnf:0402", record.MentalHealth, bnf, "a medicine for mental health",
		[]string{"0402", "0403", "0404"}, nil, nhsBNF},
	{"code:bnf:050301", record.SexualHealth, bnf, "a medicine against HIV", []string{"050301"}, nil, nhsBNF},
	{"code:bnf:0703", record.SexualHealth, bnf, "contraception or sexual function", []string{"0703", "070405"}, nil, nhsBNF},
	{"code:bnf:041001", record.SubstanceUse, bnf, "a medicine for alcohol or opioid dependence", []string{"041001", "041003"}, nil, nhsBNF},

	{id: "code:rxnorm:mental", section: record.MentalHealth, system: rxnorm, about: "a medicine for mental health", source: rxnormFrom, terms: map[string]string{
		"36437": "sertraline", "4493": "fluoxetine", "2556": "citalopram", "200371": "citalopram 20 mg tablet", "321988": "escitalopram", "32937": "paroxetine",
		"39786": "venlafaxine", "72625": "duloxetine", "42347": "bupropion", "15996": "mirtazapine", "10737": "trazodone", "704": "amitriptyline",
		"7531": "nortriptyline", "2597": "clomipramine", "3247": "desipramine", "3638": "doxepin", "6448": "lithium", "51272": "quetiapine",
		"61381": "olanzapine", "35636": "risperidone", "89013": "aripiprazole", "2626": "clozapine", "5093": "haloperidol",
		"1658314": "brexpiprazole", "38400": "atomoxetine", "315952": "fluoxetine 20 mg",
	}},
	{id: "code:rxnorm:sexual", section: record.SexualHealth, system: rxnorm, about: "contraception, ending a pregnancy or a medicine against HIV", source: rxnormFrom, terms: map[string]string{
		"190521": "abacavir", "195085": "efavirenz", "343047": "atazanavir", "1433868": "dolutegravir", "349491": "lamivudine 300 mg", "349477": "efavirenz 600 mg",
		"597730": "lopinavir and ritonavir", "349251": "tenofovir disoproxil 300 mg", "403875": "emtricitabine 200 mg", "476556": "emtricitabine and tenofovir",
		"1147334": "emtricitabine, rilpivirine and tenofovir", "643066": "efavirenz, emtricitabine and tenofovir", "744842": "raltegravir 400 mg",
		"1306292": "elvitegravir, cobicistat, emtricitabine and tenofovir", "1433873": "dolutegravir 50 mg", "402109": "fosamprenavir 700 mg",
		"664741": "atazanavir 300 mg", "1359269": "darunavir 800 mg", "1747692": "Descovy",
		"749762": "Seasonique", "748962": "Camila", "831533": "Errin", "757594": "Jolivette", "235389": "mestranol and norethynodrel", "749882": "Norinyl",
		"1359133": "Estrostep Fe", "749785": "Ortho Tri-Cyclen", "751905": "Trinessa", "748856": "Yaz", "978950": "Natazia", "748879": "Levora",
		"1358781": "Loestrin", "330381": "mifepristone 200 mg",
	}},
	{id: "code:rxnorm:substance", section: record.SubstanceUse, system: rxnorm, about: "a medicine for alcohol or opioid dependence", source: rxnormFrom, terms: map[string]string{
		"6813": "methadone", "1819": "buprenorphine", "351265": "buprenorphine 8 mg", "352364": "buprenorphine and naloxone", "1010604": "buprenorphine and naloxone film",
		"7243": "naltrexone", "3554": "disulfiram", "82819": "acamprosate",
	}},
}
