"""Texts of many writings, for what finds out how a file is encoded."""

WESTERN = [
    "id,größe\n1,x\n",
    "Straße,Müller\nKöln,Düsseldorf\n",
    "Ålesund;Bodø;Tromsø;Håkon Sæther\n",
    "määrä,yö,hyöty,lääkäri,säännöllinen\n",
    "São Paulo,Conceição,Três Corações,Mogi-Guaçu\n",
    "L’œuvre – d’été;à 5 €;col·laboració\n",
    "ÉCOLE MATERNELLE,CHÂTEAU D'EAU,HÔTEL\n",
    "5 °C;10 µg/m³;1ª;nº 3;½\n",
    "„Grüße“;»ja«;‘no’\n",
    "L'Haÿ-les-Roses;Élancourt;Orléans\n" + "Évry;Créteil;Besançon;Nîmes\n" * 20,
]

OTHER = {
    "cp1251": "имя;город;улица\nАнна;Москва;Тверская\nПётр;Казань;Кремлёвская\n",
    "koi8-r": "имя;город;улица\nАнна;Москва;Тверская\nПётр;Казань;Кремлёвская\n",
    "cp866": "имя;город;улица\nАнна;Москва;Тверская\nПётр;Казань;Кремлёвская\n",
    "cp1253": "όνομα;πόλη\nΓιώργος;Αθήνα\nΜαρία;Θεσσαλονίκη\n",
    "cp1255": "שם;עיר\nדוד;ירושלים\nשרה;חיפה\n",
    "shift_jis": "名前,都市\n田中太郎,東京\n鈴木花子,大阪\n",
    "euc_jp": "名前,都市\n田中太郎,東京\n鈴木花子,大阪\n",
    "gbk": "姓名,城市,地址\n王小明,北京,朝阳区\n李丽,上海,浦东新区\n",
    "big5": "姓名,城市,地址\n王小明,臺北,信義區\n李麗,高雄,左營區\n",
    "euc_kr": "이름,도시\n김철수,서울\n이영희,부산\n",
    "mac-roman": "città,über\nCafé,Señor\nélève,Málaga\nForêt,naïve\n",
}
